/** Branded identifiers shared by every surface. All are opaque strings except the session's public number. */
import { z } from "zod"

/** Public session id: `S001`, `S012`, `S1204`. */
export const SessionId = z
  .string()
  .regex(/^S\d{3,}$/)
  .brand<"SessionId">()
export type SessionId = z.infer<typeof SessionId>

/** A computer of the owner's. */
export const MachineId = z.string().min(1).max(64).brand<"MachineId">()
export type MachineId = z.infer<typeof MachineId>

/** The one that the runtime runs on. */
export const HERE = "here" as MachineId

/** One owner prompt and all that follows from it. */
export const TurnId = z.uuid().brand<"TurnId">()
export type TurnId = z.infer<typeof TurnId>

/**
 * One hand-over of a turn to a provider, under its own id; a retry is a new attempt. It is the id that travels into the
 * provider's transcript and that proves whether a prompt was consumed.
 */
export const AttemptId = z.uuid().brand<"AttemptId">()
export type AttemptId = z.infer<typeof AttemptId>

/** Something a provider waits for; unique per machine and never reused. */
export const RequestId = z.string().min(1).max(200).brand<"RequestId">()
export type RequestId = z.infer<typeof RequestId>

/** Part of a turn; unique within its turn. */
export const ItemId = z.string().min(1).max(200).brand<"ItemId">()
export type ItemId = z.infer<typeof ItemId>

/** `codex`, `claude`, `openclaw`, `demo` or `acp:<name>`. */
export const ProviderId = z
  .string()
  .regex(/^(codex|claude|openclaw|demo|acp:[a-z0-9][a-z0-9_-]{0,31})$/)
  .brand<"ProviderId">()
export type ProviderId = z.infer<typeof ProviderId>

/** Milliseconds since the epoch. */
export const Instant = z.number().int().nonnegative()
export type Instant = z.infer<typeof Instant>
