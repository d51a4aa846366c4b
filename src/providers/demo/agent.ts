/** The demonstration agent: shows every kind of thing an agent can do, by words in the prompt. No model, no network. */
import { readdir, readFile, stat, writeFile } from "node:fs/promises"
import { join } from "node:path"
import type { Script, ScriptTurn, StopReason } from "./agent-server.ts"
import { RpcError } from "./rpc-peer.ts"
import { languageOf, type Texts, texts } from "./texts.ts"

const MAX_LISTED = 50
const SLOW_STEPS = 40
const SLOW_STEP_MS = 500
const CHUNK_MS = 12

type Show = (turn: ScriptTurn, words: Texts) => Promise<StopReason>

const shows: readonly (readonly [RegExp, Show])[] = [
  [/\bcrash\b|충돌/i, crash],
  [/\berror\b|오류/i, fail],
  [/\blist\b|목록/i, list],
  [/\bwrite\b|쓰기/i, write],
  [/\bask\b|질문/i, ask],
  [/\bfile\b|파일/i, report],
  [/\bplan\b|계획/i, plan],
  [/\bslow\b|천천히/i, slow],
]

export const demoScript: Script = {
  name: "remoteagent-demo",
  title: "Demonstration",
  version: "1.0.0",
  options: [
    {
      id: "model",
      name: "Model",
      category: "model",
      values: [
        { value: "plain", name: "Plain (no model)" },
        { value: "thoughtful", name: "Thoughtful (no model, shows reasoning)" },
      ],
    },
  ],
  async run(turn) {
    const words = texts[languageOf(turn.text)]
    if (turn.setting("model") === "thoughtful") turn.think(words.thinking)
    const show = shows.find(([pattern]) => pattern.test(turn.text))?.[1] ?? introduce
    return await show(turn, words)
  },
}

async function introduce(turn: ScriptTurn, words: Texts): Promise<StopReason> {
  const said = turn.text.trim() === "" ? "" : `${words.youSaid(turn.text.trim())}\n\n`
  return await answer(turn, words, `${said}${words.intro}`)
}

async function list(turn: ScriptTurn, words: Texts): Promise<StopReason> {
  const toolCallId = `list-${turn.attempt ?? "0"}`
  turn.tool({
    toolCallId,
    title: words.listTitle,
    kind: "read",
    status: "in_progress",
    rawInput: { path: turn.cwd },
  })
  const names = (await readdir(turn.cwd)).toSorted()
  const content = [{ type: "content", content: { type: "text", text: names.join("\n") } }]
  turn.tool({ toolCallId, status: "completed", content })
  return await answer(turn, words, words.listed(names.slice(0, MAX_LISTED), names.length - MAX_LISTED))
}

async function write(turn: ScriptTurn, words: Texts): Promise<StopReason> {
  const path = join(turn.cwd, "demo.txt")
  const oldText = await readIfThere(path)
  const newText = `${oldText ?? ""}${turn.text.trim()}\n`
  const tool = {
    toolCallId: `write-${turn.attempt ?? "0"}`,
    title: words.writeTitle,
    kind: "edit",
    content: [{ type: "diff", path, oldText, newText }],
  } as const
  turn.tool({ ...tool, status: "pending" })
  const verdict = await turn.allowed(tool)
  if (verdict !== "allowed") {
    turn.tool({ toolCallId: tool.toolCallId, status: "failed" })
    return verdict === "cancelled" ? "cancelled" : await answer(turn, words, words.notWritten)
  }
  await writeFile(path, newText)
  turn.tool({ toolCallId: tool.toolCallId, status: "completed" })
  return await answer(turn, words, words.written)
}

async function ask(turn: ScriptTurn, words: Texts): Promise<StopReason> {
  const content = await turn.ask(words.askMessage, {
    color: { type: "string", title: words.askColor, enum: words.colors },
    tools: { type: "array", title: words.askTools, items: { type: "string", enum: words.tools } },
    name: { type: "string", title: words.askName },
  })
  if (turn.signal.aborted) return "cancelled"
  if (!content) return await answer(turn, words, words.declined)
  const { color, tools, name } = content
  const lines = [color, Array.isArray(tools) ? tools.join(", ") : tools, name]
  return await answer(turn, words, words.answered(lines.map((line) => String(line ?? "–"))))
}

async function report(turn: ScriptTurn, words: Texts): Promise<StopReason> {
  const path = join(turn.cwd, "demo-report.md")
  const entries = (await readdir(turn.cwd)).toSorted().slice(0, MAX_LISTED)
  const lines = await Promise.all(
    entries.map(async (name) => `- ${name}: ${(await stat(join(turn.cwd, name))).size} bytes`),
  )
  await writeFile(path, words.report(lines))
  return await answer(turn, words, `${words.reportDone}\nTELEGRAM_FILE: ${path}`)
}

async function plan(turn: ScriptTurn, words: Texts): Promise<StopReason> {
  for (let done = 0; done <= words.plan.length; done++) {
    turn.plan(
      words.plan.map((content, index) => {
        return { content, status: index < done ? "completed" : index === done ? "in_progress" : "pending" }
      }),
    )
    if (done < words.plan.length && !(await pause(400, turn.signal))) return "cancelled"
  }
  return await answer(turn, words, words.planDone)
}

async function slow(turn: ScriptTurn, words: Texts): Promise<StopReason> {
  turn.say(`${words.label}\n\n`)
  for (let n = 1; n <= SLOW_STEPS; n++) {
    if (!(await pause(SLOW_STEP_MS, turn.signal))) return "cancelled"
    turn.say(words.step(n, SLOW_STEPS))
  }
  return "end_turn"
}

async function fail(_turn: ScriptTurn, words: Texts): Promise<StopReason> {
  throw new RpcError(-32_603, words.failure)
}

async function crash(turn: ScriptTurn, words: Texts): Promise<StopReason> {
  turn.say(`${words.label}\n\n`)
  process.kill(process.pid, "SIGKILL")
  return await new Promise<never>(() => undefined)
}

/** In small pieces, so that streaming can be seen. */
async function answer(turn: ScriptTurn, words: Texts, text: string): Promise<StopReason> {
  for (const piece of `${words.label}\n\n${text}`.match(/\S*\s*/g) ?? []) {
    if (piece !== "") turn.say(piece)
    if (!(await pause(CHUNK_MS, turn.signal))) return "cancelled"
  }
  return "end_turn"
}

/** False when it was cut short by a cancellation. */
function pause(ms: number, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve(false)
    const stop = (): void => {
      clearTimeout(timer)
      resolve(false)
    }
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", stop)
      resolve(true)
    }, ms)
    signal.addEventListener("abort", stop, { once: true })
  })
}

async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, "utf8")
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null
    throw error
  }
}
