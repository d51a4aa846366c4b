#!/usr/bin/env node
/**
 * A `claude` that lies: it speaks stream-json, and says what no version does, or not yet. Which lie it tells is named in
 * the prompt as `LIE:<name>`. A prompt without one is answered honestly.
 */
import { createInterface } from "node:readline"
import { z } from "zod"

const args = process.argv.slice(2)
const session = args[args.indexOf("--session-id") + 1] ?? "?"
let turn = ""

if (args.includes("--version")) {
  console.log("2.1.400 (Claude Code)")
  process.exit(0)
}

function out(message: object): void {
  process.stdout.write(`${JSON.stringify({ session_id: session, ...message })}\n`)
}
const lifecycle = (state: string): void => out({ type: "command_lifecycle", command_uuid: turn, state })
const system = (subtype: string, more: object = {}): void => out({ type: "system", subtype, ...more })
const init = (): void => system("init", { model: "liar-1", permissionMode: "default" })
const idle = (): void => system("session_state_changed", { state: "idle" })
const assistant = (content: unknown, more: object = {}): void =>
  out({ type: "assistant", message: { id: `msg_${Math.random()}`, role: "assistant", content }, ...more })
const say = (text: string): void => assistant([{ type: "text", text }])
const tool = (id: unknown, name: string, input: unknown): void =>
  assistant([{ type: "tool_use", id, name, input }])
const toolResult = (id: unknown, content: string): void =>
  out({
    type: "user",
    message: { role: "user", content: [{ type: "tool_result", tool_use_id: id, content }] },
  })
const result = (text: unknown, more: object = {}): void =>
  out({ type: "result", subtype: "success", is_error: false, result: text, num_turns: 1, ...more })
const ask = (request_id: unknown, tool_use_id: unknown, command = "touch evidence"): void =>
  out({
    type: "control_request",
    request_id,
    request: { subtype: "can_use_tool", tool_name: "Bash", input: { command }, tool_use_id },
  })

function began(): void {
  lifecycle("queued")
  lifecycle("started")
  init()
}

function done(text = "done", more: object = {}): void {
  say(text)
  result(text, more)
  lifecycle("completed")
  idle()
}

function truth(): void {
  began()
  done("honest")
}

const lies: Readonly<Record<string, () => void>> = {
  empty_item_id() {
    began()
    tool("", "Bash", { command: "ls" })
    done()
  },
  long_item_id() {
    const id = "x".repeat(300)
    began()
    tool(id, "Bash", { command: "ls" })
    toolResult(id, "files")
    done()
  },
  odd_item_id() {
    began()
    tool(7, "Bash", { command: "ls" })
    done()
  },
  empty_request_id() {
    began()
    ask("", "")
  },
  long_request_id() {
    began()
    ask("r".repeat(300), "t".repeat(300))
  },
  same_request_id() {
    began()
    ask("again", "t1", "touch first")
    ask("again", "t1", "touch second")
  },
  duplicates() {
    began()
    for (let n = 0; n < 3; n++) {
      tool("t1", "Bash", { command: "ls" })
      toolResult("t1", "files")
    }
    done()
    result("done")
    idle()
    lifecycle("completed")
  },
  late_text() {
    began()
    done()
    say("and one more thing")
  },
  drifted_result() {
    began()
    tool("t1", "Bash", { command: "deploy" })
    toolResult("t1", "deployed")
    done("done", {
      ...{ usage: "many", total_cost_usd: "free", modelUsage: { m: { contextWindow: 0 } } },
      ...{ num_turns: "one", errors: "none", stop_reason: 5, api_error_status: "no" },
    })
  },
  drifted_messages() {
    began()
    out({ type: "stream_event", event: { type: "message_start", message: 1 } })
    out({
      type: "rate_limit_event",
      rate_limit_info: { status: 1, resetsAt: "soon", unifiedWindows: { a: 1 } },
    })
    out({ type: "user", message: { content: [{ type: "tool_result" }, 5] }, tool_result_meta: "none" })
    assistant([{ type: "text", text: "done" }, 5, { type: 1 }], { error: 0, aborted: "no" })
    system("status", { permissionMode: 3, user_message_uuids: "none" })
    result(undefined, { result: 5 })
    lifecycle("completed")
    idle()
  },
  no_result() {
    began()
    say("done")
    lifecycle("completed")
    idle()
  },
  no_end() {
    began()
    say("done")
    result("done")
  },
  no_lifecycle() {
    init()
    say("done")
    result("done")
    idle()
  },
  never_taken_up() {
    lifecycle("queued")
  },
  tool_without_name() {
    began()
    out({
      type: "control_request",
      request_id: "a",
      request: { subtype: "can_use_tool", tool_name: "", input: {}, tool_use_id: "t" },
    })
  },
  standing_rule() {
    began()
    out({
      type: "control_request",
      request_id: "a",
      request: {
        ...{ subtype: "can_use_tool", tool_name: "Bash", input: { command: "rm x" }, tool_use_id: "t" },
        permission_suggestions: [
          {
            type: "addRules",
            behavior: "allow",
            destination: "localSettings",
            rules: [{ toolName: "Bash" }],
          },
        ],
        suppress_always_allow_rule: true,
      },
    })
  },
  local_output() {
    began()
    system("local_command_output", { content: "half full" })
    result("", { num_turns: 0 })
    lifecycle("completed")
    idle()
  },
  garbage() {
    began()
    process.stdout.write('warning: \u0000 {bad\n[1,2]\n"text"\nnull\n{}\n')
    out({ type: "__proto__" })
    out({ type: "brand_new" })
    out({ type: "assistant", message: 5 })
    done()
  },
}

const Incoming = z.looseObject({
  type: z.string(),
  uuid: z.string().optional(),
  request_id: z.string().optional(),
  request: z.looseObject({ subtype: z.string(), mode: z.string().optional() }).optional(),
  response: z.unknown().optional(),
  message: z.looseObject({ content: z.string() }).optional(),
})

function interrupted(): void {
  result(undefined, {
    subtype: "error_during_execution",
    is_error: true,
    terminal_reason: "aborted_streaming",
  })
  lifecycle("cancelled")
  idle()
}

function answer({ request_id, request }: z.infer<typeof Incoming>): void {
  const models = [{ value: "default", displayName: "Default" }]
  const response = request?.subtype === "initialize" ? { models, current_permission_mode: "default" } : {}
  const isDeaf = turn === "" || request?.subtype !== "interrupt"
  out({ type: "control_response", response: { subtype: "success", request_id, response } })
  if (!isDeaf) interrupted()
}

createInterface({ input: process.stdin })
  .on("line", (line) => {
    const message = Incoming.parse(JSON.parse(line))
    switch (message.type) {
      case "control_request":
        return answer(message)
      case "control_response":
        return done(`told ${JSON.stringify(message.response)}`)
      case "user": {
        turn = message.uuid ?? ""
        const lie = /LIE:(\w+)/.exec(message.message?.content ?? "")?.[1]
        return (lies[lie ?? ""] ?? truth)()
      }
    }
  })
  .on("close", () => process.exit(0))
