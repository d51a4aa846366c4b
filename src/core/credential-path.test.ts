import { describe, expect, it } from "vitest"
import { looksLikeCredential } from "./credential-path.ts"

describe("looksLikeCredential", () => {
  it.each([
    "/w/.env",
    "/w/.env.production",
    ".envrc",
    "prod.env",
    "/home/me/.ssh/config",
    "/home/me/.ssh/id_ed25519",
    "id_rsa.bak",
    "server.key",
    "cert.PEM",
    "/home/me/.aws/config",
    "credentials",
    "google-credentials.json",
    "client_secret_123.json",
    "secrets.yaml",
    "tokens.json",
    "service-account.json",
    "/etc/shadow",
    "/etc/passwd",
    ".netrc",
    ".npmrc",
    ".git-credentials",
    "/home/me/.docker/config.json",
    "/home/me/.codex/auth.json",
    "/home/me/.claude/.credentials.json",
    "/home/me/.config/gh/hosts.yml",
    "C:\\Users\\me\\.ssh\\id_rsa",
  ])("%s", (path) => {
    expect(looksLikeCredential(path)).toBe(true)
  })

  it.each([
    "/w/src/index.ts",
    "report.pdf",
    ".env.example",
    "id_rsa.pub",
    "environment.md",
    "tokenizer.json",
    "keyboard.png",
    "secretary.txt",
    "config.json",
    "key.ts",
    "src/token.ts",
    "docs/secrets.md",
    "authors.json",
  ])("not %s", (path) => {
    expect(looksLikeCredential(path)).toBe(false)
  })
})
