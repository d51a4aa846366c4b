import { describe, expect, it } from "vitest"
import type { Settings } from "../../protocol/session.ts"
import type { OwnersConfig } from "./incoming.ts"
import { enforce, modeOf, modes, sandboxPolicy } from "./settings.ts"

const plain: OwnersConfig = {
  model: null,
  sandbox_mode: null,
  default_permissions: null,
  sandbox_workspace_write: null,
}

describe("enforce", () => {
  it.each<[string, Settings, Partial<OwnersConfig>, boolean, string, string | null, boolean]>([
    ["nothing chosen", {}, {}, true, "on-request", "workspace-write", false],
    ["config.toml decides", {}, { sandbox_mode: "read-only" }, true, "on-request", null, false],
    [
      "a permission profile decides",
      {},
      { default_permissions: ":read-only" },
      true,
      "on-request",
      null,
      false,
    ],
    ["config.toml never asks", {}, { approval_policy: "never" }, true, "never", "workspace-write", false],
    [
      "the owner's choice wins",
      { mode: "ask", sandbox: "read-only" },
      { approval_policy: "never", sandbox_mode: "workspace-write" },
      true,
      "on-request",
      "read-only",
      false,
    ],
    ["ask_untrusted", { mode: "ask_untrusted" }, {}, true, "untrusted", "workspace-write", false],
    ["never_ask", { mode: "never_ask" }, {}, true, "never", "workspace-write", false],
    ["plan", { mode: "plan" }, { approval_policy: "never" }, true, "on-request", "workspace-write", false],
    ["no sandbox here", {}, {}, false, "untrusted", "danger-full-access", true],
    [
      "no sandbox here, never asking",
      { mode: "never_ask" },
      {},
      false,
      "untrusted",
      "danger-full-access",
      true,
    ],
    [
      "no sandbox here, config.toml wants one",
      {},
      { sandbox_mode: "read-only" },
      false,
      "untrusted",
      "danger-full-access",
      true,
    ],
    [
      "no sandbox wanted",
      { mode: "never_ask", sandbox: "danger-full-access" },
      {},
      false,
      "never",
      "danger-full-access",
      false,
    ],
    [
      "no sandbox wanted by config.toml",
      {},
      { sandbox_mode: "danger-full-access" },
      false,
      "on-request",
      null,
      false,
    ],
  ])("%s", (_, settings, config, sandboxUsable, approvalPolicy, sandbox, isWithoutSandbox) => {
    expect(enforce(settings, { ...plain, ...config }, sandboxUsable)).toEqual({
      approvalPolicy,
      sandbox,
      isWithoutSandbox,
    })
  })
})

it("takes over what config.toml allows beyond the workspace", () => {
  const own = {
    writable_roots: ["/data"],
    network_access: true,
    exclude_tmpdir_env_var: true,
    exclude_slash_tmp: true,
  }
  expect(sandboxPolicy("workspace-write", { ...plain, sandbox_workspace_write: own })).toEqual({
    type: "workspaceWrite",
    writableRoots: ["/data"],
    networkAccess: true,
    excludeTmpdirEnvVar: true,
    excludeSlashTmp: true,
  })
})

it("names every mode the same in both directions", () => {
  const told = modes.map((mode) =>
    modeOf(enforce({ mode: mode.id }, plain, true).approvalPolicy, mode.id === "plan" ? "plan" : "default"),
  )
  expect(told).toEqual(modes.map((mode) => mode.id))
  expect(modeOf({ granular: {} }, null)).toBe("ask")
})
