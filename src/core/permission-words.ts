/** What an agent asks to be allowed, in the owner's language. */
import type { Permission } from "../protocol/session.ts"
import type { PermissionSay } from "./texts/permission.ts"

export function describePermission(permission: Permission, say: PermissionSay): string {
  switch (permission.kind) {
    case "network": {
      const { host } = permission
      return host === undefined ? say("permission.network") : say("permission.network_to", { host })
    }
    case "read":
    case "write":
      return say(`permission.${permission.kind}`, { path: permission.path })
  }
}
