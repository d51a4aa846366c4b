import { chatText } from "../core/texts/chat.ts"
import { Conversation } from "./chat/conversation.ts"
import { pickSession, type SessionWish } from "./chat/pick-session.ts"
import { Transcript } from "./chat/transcript.ts"
import { type CliContext, printLine, showInstant } from "./context.ts"
import { exitCode } from "./exit-code.ts"
import { harmless } from "./harmless.ts"
import { outcomeLine } from "./outcome-line.ts"

/** The same session as on every other surface, in this terminal. */
export async function chat(context: CliContext, wish: SessionWish): Promise<number> {
  const say = chatText(context.config.language)
  const session = await pickSession(context, wish)
  if (session === null) return exitCode.ok
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
  await new Conversation({ client, session, transcript, say, stdin, stdout }).run()
  printLine(stdout, say("chat.left", { session: id }))
  stdin.unref()
  return exitCode.ok
}
