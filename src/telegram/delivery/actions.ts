/** What our buttons mean. Telegram only ever sees an opaque random id. */
import { z } from "zod"
import { RequestId, SessionId, TurnId } from "../../protocol/ids.ts"
import { Answer } from "../../protocol/session.ts"

export const ActionBody = z.discriminatedUnion("kind", [
  /** As if the owner had typed it; the message with the button is edited instead of a new one sent. */
  z.object({ kind: z.literal("command"), line: z.string() }),
  z.object({ kind: z.literal("answer"), request: RequestId, version: z.number().int(), answer: Answer }),
  /** An option of one question of a request: chosen, or switched on and off where several may be. */
  z.object({
    kind: z.literal("question.option"),
    request: RequestId,
    version: z.number().int(),
    question: z.number().int(),
    option: z.number().int(),
  }),
  z.object({
    kind: z.literal("question.done"),
    request: RequestId,
    version: z.number().int(),
    question: z.number().int(),
  }),
  z.object({ kind: z.literal("turn.stop"), turn: TurnId, clearQueue: z.boolean() }),
  z.object({ kind: z.literal("turn.release"), turn: TurnId }),
  z.object({ kind: z.literal("turn.drop"), turn: TurnId }),
  z.object({ kind: z.literal("turn.next"), turn: TurnId }),
  z.object({ kind: z.literal("turn.steer"), turn: TurnId }),
  z.object({ kind: z.literal("turn.edit"), turn: TurnId }),
  /** A new turn: the same prompt once more, or only the request to go on. */
  z.object({ kind: z.literal("turn.again"), turn: TurnId, how: z.enum(["repeat", "continue"]) }),
  z.object({ kind: z.literal("file.send"), session: SessionId, path: z.string(), name: z.string() }),
  /** Whether the owner is listened to in a group; its title is for the card. */
  z.object({ kind: z.literal("group.switch"), chat: z.number().int(), title: z.string(), on: z.boolean() }),
  /** Only takes the buttons away. */
  z.object({ kind: z.literal("dismiss") }),
])
export type ActionBody = z.infer<typeof ActionBody>

/** Buttons outlive any turn, but not for ever. */
export const ACTION_LIFETIME_MS = 30 * 24 * 3_600_000
