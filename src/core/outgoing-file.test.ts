import { describe, expect, it } from "vitest"
import { repeats, slowOnes } from "../../test/fakes/hostile-text.ts"
import { judgeOutgoingFile, takeFileLines } from "./outgoing-file.ts"

const place = { workspace: "/w", attachments: "/att", dataDir: "/w/ra-data", links: 1 }

describe("judgeOutgoingFile", () => {
  it.each([
    ["/w/report.pdf", "/w/report.pdf", "allowed"],
    ["/w/a/../b.txt", "/w/b.txt", "allowed"],
    ["/att/S001/photo.jpg", "/att/S001/photo.jpg", "allowed"],
    ["/w/..data/x", "/w/..data/x", "allowed"],
    ["/etc/hosts", "/etc/hosts", "outside_workspace"],
    ["/w/link", "/etc/hosts", "outside_workspace"],
    ["/w2/report.pdf", "/w2/report.pdf", "outside_workspace"],
    ["/w", "/w", "outside_workspace"],
    ["/w/.env", "/w/.env", "looks_like_credential"],
    ["/w/.env", "/w/settings.txt", "looks_like_credential"],
    ["/w/notes.txt", "/home/me/.ssh/id_rsa", "looks_like_credential"],
    ["/w/.ssh/config", "/w/.ssh/config", "looks_like_credential"],
    ["/proc/self/environ", "/proc/1/environ", "refused"],
    ["/w/disk", "/dev/sda", "refused"],
    ["/sys/kernel/x", "/sys/kernel/x", "refused"],
    ["/w/ra-data/ledger.db", "/w/ra-data/ledger.db", "refused"],
    ["/w/shown.txt", "/w/ra-data/.env", "refused"],
  ])("%s, really %s: %s", (path, realPath, expected) => {
    const verdict = judgeOutgoingFile({ ...place, path, realPath })
    expect(verdict.kind === "needs_tap" ? verdict.reason : verdict.kind).toBe(expected)
  })

  it("does not mind how the owner named the folder of the workspace", () => {
    const file = {
      path: "/data/.remoteagent/managed/S001/a.txt",
      realPath: "/data/.remoteagent/managed/S001/a.txt",
    }
    const ours = {
      dataDir: "/data/.remoteagent",
      attachments: "/data/.remoteagent/attachments/S001",
      links: 1,
    }
    const verdict = judgeOutgoingFile({ ...file, ...ours, workspace: "/data/.remoteagent/managed/S001" })
    expect(verdict).toEqual({ kind: "allowed" })
  })

  it("asks about a file that has another name, which may be outside", () => {
    const verdict = judgeOutgoingFile({ ...place, path: "/w/a", realPath: "/w/a", links: 2 })
    expect(verdict).toEqual({ kind: "needs_tap", reason: "has_other_names" })
  })
})

describe("takeFileLines", () => {
  it.each([
    ["Done.", "Done.", []],
    ["Done.\n\nTELEGRAM_FILE: /w/a b.pdf\n\nBye.", "Done.\n\nBye.", ["/w/a b.pdf"]],
    ["TELEGRAM_FILE: /w/a\nTELEGRAM_FILE:/w/b  \nTELEGRAM_FILE: /w/a", "", ["/w/a", "/w/b"]],
    ["- TELEGRAM_FILE: `/w/a`\n**TELEGRAM_FILE:** /w/b\n`TELEGRAM_FILE: /w/c`", "", ["/w/a", "/w/b", "/w/c"]],
    ["TELEGRAM_FILE: relative.txt", "TELEGRAM_FILE: relative.txt", []],
    ["write TELEGRAM_FILE: /w/a to send", "write TELEGRAM_FILE: /w/a to send", []],
    ["```\nTELEGRAM_FILE: /w/a\n```\nTELEGRAM_FILE: /w/b", "```\nTELEGRAM_FILE: /w/a\n```", ["/w/b"]],
    ["~~~\n```\nTELEGRAM_FILE: /w/a\n~~~", "~~~\n```\nTELEGRAM_FILE: /w/a\n~~~", []],
    ["```sh\nTELEGRAM_FILE: /w/a", "```sh\nTELEGRAM_FILE: /w/a", []],
    ["    TELEGRAM_FILE: /w/a", "    TELEGRAM_FILE: /w/a", []],
  ] as const)("%j", (answer, text, paths) => {
    expect(takeFileLines(answer)).toEqual({ text, paths, left: 0 })
  })

  it("takes ten files of an answer, and says how many it left", () => {
    const answer = Array.from({ length: 200 }, (_, index) => `TELEGRAM_FILE: /w/${index}`).join("\n")
    expect(takeFileLines(answer)).toMatchObject({ paths: { length: 10 }, left: 190 })
  })

  it("takes below 100 ms for 1 MB of anything, before and after the marker", { timeout: 60_000 }, () => {
    expect(slowOnes(repeats(1_000_000), { limit: 100, run: takeFileLines })).toEqual([])
    const named = (text: string) => takeFileLines(`TELEGRAM_FILE: /a${text}b`)
    expect(slowOnes(repeats(1_000_000), { limit: 100, run: named })).toEqual([])
  })
})
