import { describe, expect, it } from "vitest"
import { profileFor } from "./profiles.ts"

describe("the profile of a command line", () => {
  it.each([
    ["opencode", [], "opencode"],
    ["/opt/opencode-linux-x64/bin/opencode", ["acp"], "opencode"],
    ["npx", ["-y", "@agentclientprotocol/codex-acp@2.6.0"], "codex-acp"],
    ["node", ["/x/node_modules/@google/gemini-cli/bundle/gemini.js", "--acp"], "gemini"],
    ["node", ["/x/node_modules/@agentclientprotocol/claude-agent-acp/dist/index.js"], "claude-agent-acp"],
    ["qwen", ["--acp"], "qwen"],
    ["goose", ["acp"], "goose"],
    ["pi-acp", [], "pi"],
    ["my-agent", ["--goose"], "default"],
    ["node", ["/home/me/agent.ts"], "default"],
  ])("%s %j is %s", (command, args, id) => {
    expect(profileFor(command, args).id).toBe(id)
  })

  it("names an asking mode that the profile itself knows to ask", () => {
    for (const name of ["opencode", "gemini", "claude-agent-acp", "codex-acp", "qwen", "goose"]) {
      const { approvals, modes } = profileFor(name)
      if (approvals.kind === "mode")
        expect(modes.find((mode) => mode.id === approvals.ask)?.meaning).toBe("ask")
    }
  })

  it("claims no approvals for an agent that has none or that nobody verified", () => {
    expect(profileFor("pi-acp").approvals.kind).toBe("none")
    expect(profileFor("whatever").approvals.kind).toBe("unknown")
  })
})
