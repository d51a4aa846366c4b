import { randomUUID } from "node:crypto"
import { text as readAll } from "node:stream/consumers"
import type { Reply } from "../protocol/api.ts"
import type { SessionId } from "../protocol/ids.ts"
import type { Outcome } from "../protocol/session.ts"
import { type CliContext, printJson, printLine } from "./context.ts"
import { exitCode } from "./exit-code.ts"
import { followTurn } from "./follow-turn.ts"
import { harmless } from "./harmless.ts"
import { outcomeLine } from "./outcome-line.ts"
import { UsageError } from "./usage-error.ts"

export interface SendOptions {
  readonly session: SessionId
  /** `-`: from standard input. */
  readonly text: string
  readonly json?: true
  readonly wait?: true
  readonly clientId?: string
}

/** Hands a prompt over; with `wait` the answer goes to standard output and its fate decides the exit code. */
export async function send(context: CliContext, options: SendOptions): Promise<number> {
  const { client, say, stdout, stderr } = context
  const text = options.text === "-" ? await readAll(context.stdin) : options.text
  if (text.trim() === "") throw new UsageError([say("usage.empty")])
  const clientId = options.clientId ?? `cli:${randomUUID()}`
  const before = options.wait ? await lastSeq(context, options.session) : 0
  const receipt = await client.call("prompt.send", { session: options.session, clientId, text })
  const outcome = options.wait ? await followTurn(client, receipt, receipt.repeated ? 0 : before) : null
  if (options.json) printJson(context, { ...receipt, clientId, ...(outcome ? { outcome } : {}) })
  else if (outcome) printOutcome(context, outcome)
  else printLine(stdout, await receiptLine(context, receipt))
  if (outcome && outcome.kind !== "completed" && !options.json) printLine(stderr, outcomeLine(outcome, say))
  return outcome === null || outcome.kind === "completed" ? exitCode.ok : exitCode.failed
}

function printOutcome(context: CliContext, outcome: Outcome): void {
  const { stdout } = context
  // A program gets the answer as it is; a terminal must not be driven by it.
  if (outcome.text !== "") printLine(stdout, stdout.isTTY ? harmless(outcome.text) : outcome.text)
}

async function receiptLine({ client, say }: CliContext, receipt: Reply<"prompt.send">): Promise<string> {
  const { session, ahead } = receipt
  if (receipt.repeated) {
    const { state } = await client.call("turn.read", { turn: receipt.turn })
    return say("send.repeated", { session, state })
  }
  return ahead > 0 ? say("send.queued", { session, ahead }) : say("send.sent", { session })
}

/** Where the session's events end now, so that its past need not be read. */
async function lastSeq({ client }: CliContext, id: SessionId): Promise<number> {
  return (await client.call("session.read", { session: id })).lastSeq
}
