import type { AnyMessage, Stream } from "@agentclientprotocol/sdk"
import { z } from "zod"
import type { Child } from "../provider.ts"

interface Taps {
  /** Parameters of every `session/update`. They do not reach the SDK, which would drop kinds it does not know. */
  update(params: unknown): void
  /** A message of ours that is now in the agent's pipe. */
  written(message: AnyMessage): void
  /** A line that is no message, such as a banner; the SDK would answer it with an error. */
  noise(line: string): void
}

const Message = z.looseObject({
  jsonrpc: z.literal("2.0"),
  id: z.union([z.string(), z.number(), z.null()]).optional(),
  method: z.string().optional(),
})

/** The agent's lines as the SDK's message stream. */
export function lineStream(child: Child, taps: Taps): Stream {
  let open = true
  const readable = new ReadableStream<AnyMessage>({
    start(controller) {
      child.onLine((line) => {
        const message = parseLine(line)
        if (!message) taps.noise(line)
        else if ("method" in message && message.method === "session/update") taps.update(message.params)
        else if (open) controller.enqueue(message)
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
      await child.writeLine(JSON.stringify(message))
      taps.written(message)
    },
  })
  return { readable, writable }
}

function parseLine(line: string): AnyMessage | null {
  if (line.trim() === "") return null
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return null
  }
  return isMessage(value) ? value : null
}

function isMessage(value: unknown): value is AnyMessage {
  return Message.safeParse(value).success
}
