/** What Codex' app-server asks of its client. What an approval would allow is read strictly, everything around it leniently. */
import { z } from "zod"
import { Nullable, Optional, Text } from "./incoming.ts"

const asked = { threadId: z.string(), turnId: Text, itemId: Text }

const Paths = Nullable(z.array(z.string()))
const PermissionProfile = z.object({
  network: Nullable(z.object({ enabled: Nullable(z.boolean()) })),
  fileSystem: Nullable(z.object({ read: Paths, write: Paths, entries: Nullable(z.array(z.unknown())) })),
})
export type PermissionProfile = z.infer<typeof PermissionProfile>

export const CommandApproval = z.object({
  ...asked,
  reason: Optional(z.string()),
  command: Nullable(z.string()),
  cwd: Optional(z.string()),
  networkApprovalContext: Nullable(z.object({ host: z.string() })),
  additionalPermissions: Nullable(PermissionProfile),
  proposedExecpolicyAmendment: Optional(z.array(z.string())),
})
export type CommandApproval = z.infer<typeof CommandApproval>

export const FileChangeApproval = z.object({
  ...asked,
  reason: Optional(z.string()),
  grantRoot: Nullable(z.string()),
})
export type FileChangeApproval = z.infer<typeof FileChangeApproval>

export const PermissionsApproval = z.object({
  ...asked,
  cwd: Optional(z.string()),
  reason: Optional(z.string()),
  permissions: PermissionProfile,
})
export type PermissionsApproval = z.infer<typeof PermissionsApproval>

export const UserInputRequest = z.object({
  ...asked,
  questions: z
    .array(
      z.object({
        id: z.string(),
        header: Text,
        question: z.string(),
        isOther: z.boolean().catch(false),
        // What might be a secret is treated as one.
        isSecret: z.boolean().default(false).catch(true),
        options: Nullable(z.array(z.object({ label: z.string(), description: Text }))),
      }),
    )
    .min(1),
})
export type UserInputRequest = z.infer<typeof UserInputRequest>

export const Elicitation = z.object({
  threadId: z.string(),
  turnId: Optional(z.string()),
  serverName: Text,
  mode: z.string(),
  message: Text,
  /** Codex' own: which tool is to be called and how, and how long a yes to it may hold. */
  _meta: Optional(
    z.object({
      codex_approval_kind: Optional(z.string()),
      persist: Optional(z.array(z.string())),
      tool_name: Optional(z.string()),
      tool_description: Optional(z.string()),
      tool_params: z.unknown().optional(),
    }),
  ),
  requestedSchema: z.unknown().optional(),
})
export type Elicitation = z.infer<typeof Elicitation>
