/** What a transcript says of one prompt: whether it was consumed, and how its turn ended. */
import { z } from "zod"
import type { AttemptId } from "../../protocol/ids.ts"
import type { Outcome } from "../../protocol/session.ts"
import { classify } from "./failure.ts"

const Line = z.looseObject({
  type: z.string(),
  uuid: z.string().optional(),
  operation: z.string().optional(),
  isSidechain: z.boolean().optional(),
  isMeta: z.boolean().optional(),
  isApiErrorMessage: z.boolean().optional(),
  error: z.string().optional(),
  apiErrorStatus: z.number().nullish(),
  promptSource: z.string().optional(),
  quotaLimits: z.looseObject({ status: z.string().optional(), resetsAt: z.number().nullish() }).optional(),
  message: z
    .looseObject({
      id: z.string().optional(),
      stop_reason: z.string().nullish(),
      content: z.union([
        z.string(),
        z.array(z.looseObject({ type: z.string(), text: z.string().optional() })),
      ]),
    })
    .optional(),
})
type Line = z.infer<typeof Line>

/** The lines of a conversation that say how it went; all else is context for the model. */
const kinds: readonly string[] = ["user", "assistant", "queue-operation"]
const INTERRUPTED = "[Request interrupted by user"

/**
 * @param lines of the transcript, last first.
 * @returns null when the prompt is not in it.
 */
export async function outcomeInTranscript(
  lines: AsyncIterable<string>,
  attempt: AttemptId,
): Promise<Outcome | null> {
  const after: Line[] = []
  for await (const text of lines) {
    if (!kinds.some((kind) => text.includes(`"type":"${kind}"`))) continue
    const line = parse(text)
    if (line === null || line.isSidechain || !kinds.includes(line.type)) continue
    if (line.type === "user" && line.uuid === attempt) return outcomeOf(after.reverse())
    after.push(line)
  }
  return null
}

/**
 * The uuid of the last prompt that somebody gave, in whichever Claude Code.
 * @param lines of the transcript, last first.
 */
export async function newestPrompt(lines: AsyncIterable<string>): Promise<string | null> {
  for await (const text of lines) {
    if (!text.includes('"promptSource":')) continue
    const line = parse(text)
    if (line?.type !== "user" || line.isSidechain || line.isMeta) continue
    // Claude Code's own, when a background task has ended.
    if (line.promptSource === undefined || line.promptSource === "system") continue
    return line.uuid ?? null
  }
  return null
}

/** `lines` follow the prompt, oldest first. */
function outcomeOf(lines: readonly Line[]): Outcome {
  const answers: string[] = []
  let isFinished = false
  let said = ""
  for (const [index, line] of lines.entries()) {
    if (isNextPrompt(line, lines[index + 1], isFinished)) break
    if (line.type === "assistant") {
      if (line.isApiErrorMessage) return failedOutcome(line, answers)
      const text = textOf(line)
      if (text !== "") said = text
      isFinished = line.message?.stop_reason === "end_turn" && text !== ""
      if (isFinished) answers.push(text)
    } else if (line.type === "user") {
      if (textOf(line).startsWith(INTERRUPTED)) return { kind: "stopped", text: joined(answers) }
      isFinished = false
    }
  }
  if (isFinished) return { kind: "completed", text: joined(answers) }
  return { kind: "indeterminate", consumed: "yes", text: said }
}

/**
 * Whether here begins what was asked after our turn. A message that was steered into it waited in the queue while the
 * turn ran; a later prompt came when it had ended, or left the queue at once because nothing ran any more.
 */
function isNextPrompt(line: Line, next: Line | undefined, isFinished: boolean): boolean {
  if (line.promptSource !== undefined && line.promptSource !== "sdk") return true
  return line.operation === "enqueue" && (isFinished || next?.operation === "dequeue")
}

function failedOutcome(line: Line, answers: readonly string[]): Outcome {
  const quota = line.quotaLimits
  const failure = classify({
    result: {
      subtype: "success",
      is_error: true,
      result: textOf(line),
      api_error_status: line.apiErrorStatus,
    },
    assistantError: line.error,
    shown: answers.length > 0,
    rejectedUntil: quota?.status === "rejected" ? (quota.resetsAt ? quota.resetsAt * 1000 : null) : undefined,
  })
  return { kind: "failed", failure, text: joined(answers) }
}

function joined(answers: readonly string[]): string {
  return answers.join("\n\n")
}

function textOf(line: Line): string {
  const content = line.message?.content ?? ""
  if (typeof content === "string") return content
  return content.flatMap((block) => (block.type === "text" && block.text ? [block.text] : [])).join("\n")
}

function parse(text: string): Line | null {
  try {
    const line = Line.safeParse(JSON.parse(text))
    return line.success ? line.data : null
  } catch {
    // A process that was killed may leave half a line.
    return null
  }
}
