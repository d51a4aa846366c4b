import { stripVTControlCharacters } from "node:util"
import type { AnyMessage, Stream } from "@agentclientprotocol/sdk"
import { z } from "zod"
import type { Child } from "../provider.ts"

interface Taps {
  /** Parameters of every `session/update`. They do not reach the SDK, which would drop kinds it does not know. */
  update(params: unknown): void
  /** A message of ours that is now in the agent's pipe. */
  written(message: AnyMessage): void
  /** A request of ours was answered; whoever asked learns it a little later, after what follows on the line. */
  answered(id: unknown): void
  /** A line that is no message, such as a banner; the SDK would answer it with an error. */
  noise(line: string): void
  /** A line that looks like a message and cannot be read. */
  unreadable(line: string): void
}

const Message = z.looseObject({
  jsonrpc: z.literal("2.0"),
  id: z.union([z.string(), z.number(), z.null()]).optional(),
  method: z.string().optional(),
})

/** More braces before a message are no words of a program any more. */
const MAX_TRIES = 20

/** The agent's lines as the SDK's message stream. */
export function lineStream(child: Child, taps: Taps): Stream {
  let open = true
  const readable = new ReadableStream<AnyMessage>({
    start(controller) {
      child.onLine((line) => {
        const message = parseLine(line)
        if (!message) (line.includes('"jsonrpc"') ? taps.unreadable : taps.noise)(line)
        else if ("method" in message && message.method === "session/update") taps.update(message.params)
        else {
          if (!("method" in message)) taps.answered(message.id)
          if (open) controller.enqueue(message)
        }
      })
      void child.exited.then(() => {
        if (open) controller.close()
        open = false
      })
    },
    // The SDK stops reading when it could not write.
    cancel() {
      open = false
    },
  })
  const writable = new WritableStream<AnyMessage>({
    async write(message) {
      await child.writeLine(oneLine(message))
      taps.written(message)
    },
  })
  return { readable, writable }
}

/** To some languages' libraries U+2028 and U+2029 end lines; in JSON they may be written as escapes. */
function oneLine(message: AnyMessage): string {
  return JSON.stringify(message).replaceAll("\u2028", "\\u2028").replaceAll("\u2029", "\\u2029")
}

/** The message of a line, whatever else a terminal program wrote on it; null when there is none. */
function parseLine(line: string): AnyMessage | null {
  const whole = readMessage(line)
  if (whole !== null || !line.includes('"jsonrpc"')) return whole
  const bare = stripVTControlCharacters(line)
  const last = bare.lastIndexOf("}")
  // Words before it may hold braces, so each place where it could begin is tried.
  for (let at = bare.indexOf("{"), tries = 0; at !== -1 && tries < MAX_TRIES; tries++) {
    const message = readMessage(bare.slice(at, last + 1))
    if (message !== null) return message
    at = bare.indexOf("{", at + 1)
  }
  return null
}

function readMessage(text: string): AnyMessage | null {
  const trimmed = text.trim()
  if (trimmed === "") return null
  let value: unknown
  try {
    value = JSON.parse(trimmed)
  } catch {
    return null
  }
  return isMessage(value) ? value : null
}

function isMessage(value: unknown): value is AnyMessage {
  return Message.safeParse(value).success
}
