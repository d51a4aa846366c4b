import { describe, expect, it } from "vitest"
import { childEnvironment, hostEnvironment } from "./child-environment.ts"

const source = {
  ...{
    PATH: "/bin",
    HOME: "/h",
    LC_ALL: "C",
    XDG_RUNTIME_DIR: "/run",
    XDG_CONFIG_HOME: "/c",
    https_proxy: "p",
    SSH_AUTH_SOCK: "/s",
  },
  ...{ TELEGRAM_BOT_TOKEN: "1", TELEGRAM_BOT_TOKENS: "1,2", DATA_DIR: "/d", REMOTEAGENT_X: "1" },
  ...{
    MY_BOT_TOKEN: "3",
    OPENAI_API_KEY: "k",
    ANTHROPIC_API_KEY: "a",
    ANTHROPIC_BASE_URL: "u",
    EDITOR: "vi",
  },
}

describe("childEnvironment", () => {
  const names = (inherit: readonly string[], extra = {}) =>
    Object.keys(childEnvironment({ source, inherit, extra })).toSorted()
  const base = ["HOME", "LC_ALL", "PATH", "XDG_CONFIG_HOME", "https_proxy"]

  it.each([
    ["passes the base on", [], base],
    ["passes a name on that is inherited", ["EDITOR"], [...base, "EDITOR"]],
    [
      "passes a prefix on that is inherited",
      ["ANTHROPIC_*"],
      [...base, "ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL"],
    ],
    ["keeps what is ours back by name", ["TELEGRAM_BOT_TOKEN", "DATA_DIR", "MY_BOT_TOKEN"], base],
    ["keeps what is ours back by prefix", ["TELEGRAM_*", "REMOTEAGENT_*"], base],
    [
      "keeps what is ours back from a wildcard",
      ["*"],
      [...base, "ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL", "EDITOR", "OPENAI_API_KEY"],
    ],
    [
      "passes the way to the owner's keys and session bus on by its full name",
      ["SSH_AUTH_SOCK", "XDG_RUNTIME_DIR"],
      [...base, "SSH_AUTH_SOCK", "XDG_RUNTIME_DIR"],
    ],
    ["and by no prefix", ["SSH_*", "XDG_*"], base],
  ])("%s", (_what, inherit, expected) => {
    expect(names(inherit)).toEqual(expected.toSorted())
  })

  it("lets what is given override what is inherited", () => {
    expect(childEnvironment({ source, inherit: [], extra: { HOME: "/x" } }).HOME).toBe("/x")
  })
})

it("starts the host with all but our own secrets", () => {
  expect(
    Object.keys(hostEnvironment(source)).filter((name) => /TELEGRAM|DATA_DIR|BOT_TOKEN|REMOTE/.test(name)),
  ).toEqual([])
  expect(hostEnvironment(source).OPENAI_API_KEY).toBe("k")
})
