/**
 * An MCP server over stdio with one tool, `order`, that asks the user with a form and says what it was told. Speaks just
 * enough of the protocol (modelcontextprotocol.io, revision 2025-06-18) for one client. Run by node.
 */
import { createInterface } from "node:readline"
import { z } from "zod"

const Message = z.object({
  id: z.union([z.string(), z.number()]).optional(),
  method: z.string().optional(),
  params: z.object({ protocolVersion: z.string().optional() }).optional(),
  result: z.unknown().optional(),
})
type Message = z.infer<typeof Message>

const FORM = {
  message: "Your order",
  requestedSchema: {
    type: "object",
    properties: {
      size: { type: "string", title: "Size", enum: ["small", "large"] },
      count: { type: "integer", description: "How many?" },
    },
    required: ["size"],
  },
}
const TOOL = {
  name: "order",
  description: "Orders something",
  inputSchema: { type: "object", properties: {} },
}

/** The tool call that waits for the user's answer to the form. */
let waitingCall: Message["id"]

createInterface({ input: process.stdin }).on("line", (line) => handle(Message.parse(JSON.parse(line))))

function handle(message: Message): void {
  switch (message.method) {
    case "initialize":
      return answer(message.id, {
        protocolVersion: message.params?.protocolVersion,
        capabilities: { tools: {} },
        serverInfo: { name: "shop", version: "1" },
      })
    case "tools/list":
      return answer(message.id, { tools: [TOOL] })
    case "tools/call":
      waitingCall = message.id
      return tell({ id: "form", method: "elicitation/create", params: FORM })
    case undefined:
      if (message.id === "form") return answer(waitingCall, said(JSON.stringify(message.result)))
      return
    default:
      if (message.id !== undefined) answer(message.id, {})
  }
}

function said(text: string) {
  return { content: [{ type: "text", text }] }
}

function answer(id: Message["id"], result: object): void {
  tell({ id, result })
}

function tell(message: object): void {
  process.stdout.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`)
}
