import { chatText } from "../core/texts/chat.ts"
import type { SessionId } from "../protocol/ids.ts"
import type { SessionSummary } from "../protocol/replies.ts"
import { Conversation } from "./chat/conversation.ts"
import { Input } from "./chat/input.ts"
import { pickSession, type SessionWish } from "./chat/pick-session.ts"
import { Transcript } from "./chat/transcript.ts"
import { type CliContext, printLine, showInstant } from "./context.ts"
import { exitCode } from "./exit-code.ts"
import { harmless } from "./harmless.ts"
import { outcomeLine } from "./outcome-line.ts"

/** The same session as on every other surface, in this terminal. */
export async function chat(context: CliContext, wish: SessionWish): Promise<number> {
  const say = chatText(context.config.language)
  const { stdin, stdout, client } = context
  let session = await pickSession(context, wish)
  if (session === null) return exitCode.ok
  const input = new Input(stdin, stdout)
  for (;;) {
    const next = await show(context, session, input)
    if (next === null) break
    session = await client.call("session.read", { session: next })
  }
  printLine(stdout, say("chat.left", { session: session.id }))
  stdin.unref()
  return exitCode.ok
}

/** Until the owner leaves: for another session, or for good. */
async function show(context: CliContext, session: SessionSummary, input: Input): Promise<SessionId | null> {
  const say = chatText(context.config.language)
  const { stdin, stdout, client } = context
  const { id, provider } = session
  const title = harmless(session.title) || say("chat.untitled")
  const workspace = harmless(session.workspace)
  printLine(stdout, say("chat.head", { session: id, title, provider, workspace }))
  if (stdin.isTTY) printLine(stdout, say("chat.help"))
  const transcript = new Transcript({
    stdout,
    say,
    describeOutcome: (outcome) => outcomeLine(outcome, context.say),
    showTime: (instant) => showInstant(context, instant),
  })
  return await new Conversation({ client, session, transcript, say, stdin, stdout, input }).run()
}
