/** What the owner does with an agent from the phone: the same with every agent. */
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, vi } from "vitest"
import { decides, labelsOf, type Stage, seesButton, timesSaid } from "./stage.ts"

export interface Scenario {
  readonly promise: string
  readonly play: (stage: Stage) => Promise<void>
}

/** What has to be said before the agent asks for every change of a file, and for it to stop asking. */
const asksForEdits = { codex: "ask_untrusted", claude: "default" } as const
/** Codex asks questions only while it plans. */
export const modeOfQuestions = { codex: "plan", claude: "default" } as const
const editsFreely = { codex: "never_ask", claude: "acceptEdits" } as const
const anotherModel = { codex: "gpt-5.6-luna", claude: "haiku" } as const

export const work: readonly Scenario[] = [
  {
    promise: "streams an answer into a draft and then sends it",
    async play({ brain, newChat }) {
      const owner = newChat()
      const answer = brain.say("Certainly: **forty-two** it is.", { gated: true })
      const asked = await owner.says("what is the answer?")
      await owner.seesReaction(asked.message_id, "👀")
      await owner.seesDraft(/^Certainly/)
      expect(timesSaid(owner, "forty-two")).toBe(0)
      answer.release()
      const final = await owner.sees("Certainly: forty-two it is.")
      expect(final.entities).toContainEqual(expect.objectContaining({ type: "bold" }))
      expect(final.reply_to_message?.message_id).toBe(asked.message_id)
      expect(brain.promptsContaining("what is the answer?")).toBe(1)
    },
  },
  {
    promise: "changes a file once the owner allows it",
    async play(stage) {
      const { owner, file } = await proposedEdit(stage)
      expect(existsSync(file)).toBe(false)
      const card = await decides(owner, "Allow once")
      await owner.sees("It is done.")
      expect(readFileSync(file, "utf8")).toBe("hello\n")
      const closed = await owner.sees(/Allowed · Telegram/, { after: card })
      expect(closed.reply_markup).toBeUndefined()
    },
  },
  {
    promise: "does not change a file when the owner denies it, and tells the model",
    async play(stage) {
      const { owner, file } = await proposedEdit(stage)
      await decides(owner, "Deny")
      await owner.sees("It is done.")
      expect(existsSync(file)).toBe(false)
      expect(stage.brain.newest()).toMatch(/reject|declined|denied/i)
    },
  },
  {
    promise: "runs a command once the owner allows it, and shows what it is",
    async play({ brain, newChat, workspace }) {
      const owner = newChat()
      brain.run("echo made > made.txt")
      brain.say("Made.")
      await owner.says("make it")
      const card = await seesButton(owner, "Allow once")
      expect(card.text).toContain("wants to run a command")
      expect(card.text).toContain("echo made > made.txt")
      await decides(owner, "Allow once")
      await owner.sees("Made.")
      expect(readFileSync(join(await workspace(owner), "made.txt"), "utf8")).toBe("made\n")
    },
  },
  {
    promise: "takes the reason of a denial, written as a reply, to the model",
    async play({ brain, newChat, workspace }) {
      const owner = newChat()
      brain.run("touch never.txt")
      brain.say("Understood.")
      await owner.says("make it")
      const card = await seesButton(owner, "Deny")
      await owner.replies(card, "use the other folder")
      await owner.taps(await owner.sees(/^Deny with this reason\?/), "Deny")
      await owner.sees("Understood.")
      expect(brain.newest()).toContain("use the other folder")
      expect(existsSync(join(await workspace(owner), "never.txt"))).toBe(false)
    },
  },
  {
    promise: "puts the agent's questions to the owner and takes the answers back",
    async play({ kind, brain, newChat }) {
      const owner = newChat()
      await owner.says("/new")
      await owner.says(`/mode ${modeOfQuestions[kind]}`)
      await owner.sees(/works in mode/)
      brain.ask("Which colour?", ["Red", "Blue"])
      brain.ask("Which shade?", ["Light", "Dark"])
      brain.say("So be it.")
      await owner.says("paint it")
      const card = await seesButton(owner, "Blue")
      expect(card.text).toContain("Which colour?")
      await decides(owner, "Blue")
      await owner.sees(/Answered: Blue/)
      await owner.replies(await seesButton(owner, "Dark"), "somewhere in between")
      await owner.sees("So be it.")
      expect(brain.newest()).toContain("Blue")
      expect(brain.newest()).toContain("somewhere in between")
    },
  },
  {
    promise: "stops in mid-answer and keeps what was said",
    async play({ brain, newChat }) {
      const owner = newChat()
      const answer = brain.say("Half of it", { gated: true })
      await owner.says("talk")
      await owner.seesDraft(/^Half/)
      await owner.says("/stop")
      const final = await owner.sees(/^Stopped\./)
      expect(final.text).toContain("Half")
      await answer.abandoned
      brain.say("Here again.")
      await owner.says("still there?")
      await owner.sees("Here again.")
    },
  },
  {
    promise: "stops at a tap on Telegram's own Stop",
    async play({ brain, newChat }) {
      const owner = newChat()
      const answer = brain.say("Half of that", { gated: true })
      await owner.says("talk on")
      await owner.seesDraft(/^Half/)
      await owner.stopsDraft()
      expect((await owner.sees(/^Stopped\./)).text).toContain("Half")
      await answer.abandoned
    },
  },
  {
    promise: "stops in mid-command and leaves no process of it",
    async play({ brain, newChat, workspace }) {
      const owner = newChat()
      brain.run("echo $$ > pid; sleep 6173")
      await owner.says("sleep")
      await decides(owner, "Allow once")
      const pid = join(await workspace(owner), "pid")
      await owner.until(() => (existsSync(pid) ? true : undefined), "the command to run")
      expect(processesOf("sleep 6173")).not.toEqual([])
      await owner.says("/stop")
      await owner.sees(/^Stopped\./)
      expect(processesOf("sleep 6173")).toEqual([])
    },
  },
  {
    promise: "shows a photo to the model",
    async play({ brain, newChat }) {
      const owner = newChat()
      brain.say("A dot.")
      await owner.sendsPhoto(DOT, { caption: "what is this?" })
      await owner.sees("A dot.")
      expect(brain.newest()).toContain("what is this?")
      expect(brain.newest()).toContain(DOT.toString("base64").slice(0, 60))
    },
  },
  {
    promise: "keeps two sessions apart that work at once",
    async play({ brain, newChat, workspace }) {
      const [a, b] = [newChat(), newChat()]
      for (const name of ["ALPHA", "BETA"]) {
        brain.run(`echo ${name} > mine.txt`, { during: name })
        brain.say(`${name} is done.`, { during: name })
      }
      await Promise.all([a.says("do ALPHA"), b.says("do BETA")])
      await Promise.all([decides(a, "Allow once"), decides(b, "Allow once")])
      await Promise.all([a.sees("ALPHA is done."), b.sees("BETA is done.")])
      expect([timesSaid(a, "BETA"), timesSaid(b, "ALPHA")]).toEqual([0, 0])
      const files = [await workspace(a), await workspace(b)].map((path) => join(path, "mine.txt"))
      expect(files.map((file) => readFileSync(file, "utf8"))).toEqual(["ALPHA\n", "BETA\n"])
    },
  },
  {
    promise: "uses the model that the owner chose",
    async play({ kind, brain, newChat }) {
      const owner = newChat()
      brain.say("One.")
      await owner.says("first")
      await owner.sees("One.")
      await owner.says(`/model ${anotherModel[kind]}`)
      await owner.sees(/uses .* from the next prompt on/)
      // Codex has the old model sum up for a new one that speaks another dialect of tools.
      if (kind === "codex") brain.say("What was said so far.")
      brain.say("Two.")
      await owner.says("second")
      await owner.sees("Two.")
      expect(brain.models().at(-1)).toContain(anotherModel[kind])
    },
  },
  {
    promise: "asks as much as the mode says that the owner chose",
    async play(stage) {
      const { kind, brain } = stage
      const { owner, file } = await proposedEdit(stage)
      await decides(owner, "Allow once")
      await owner.sees("It is done.")
      await owner.says(`/mode ${editsFreely[kind]}`)
      await owner.sees(/works in mode/, { after: await owner.sees("It is done.") })
      brain.write(`${file}.2`, "again\n")
      brain.say("Done without asking.")
      await owner.says("and the other one")
      await owner.sees("Done without asking.")
      expect(readFileSync(`${file}.2`, "utf8")).toBe("again\n")
      await owner.says("/status")
      await owner.sees(new RegExp(`Mode: ${editsFreely[kind]}`))
    },
  },
]

export const handOver: Scenario = {
  promise: "goes on with a session begun in a terminal, and the terminal goes on with ours",
  async play({ kind, brain, newChat, byHand, world }) {
    const owner = newChat()
    const project = join(world.directory, "project")
    mkdirSync(project)
    brain.say("Said in the terminal.")
    await byHand(project, begin[kind]("begun by hand"))
    await owner.says(`/attach ${kind}`)
    const list = await owner.sees(/newest first/)
    const label = labelsOf(list).find((text) => text.includes("begun by hand")) ?? "nothing of the terminal"
    await owner.taps(list, label)
    await owner.sees(/^Attached: S/)
    brain.say("Said on the phone.")
    await owner.says("go on from here")
    await owner.sees("Said on the phone.")
    expect(brain.newest()).toContain("begun by hand")
    expect(brain.newest()).toContain("Said in the terminal.")

    await owner.says("/status")
    const status = await owner.sees(/In a terminal: /)
    const id = /Agent's session: (\S+)/.exec(status.text ?? "")?.[1] ?? ""
    brain.say("Said at the desk.")
    // An agent that locks its sessions is free once ours has been idle for a while.
    await vi.waitFor(() => byHand(project, resume[kind](id, "and on at the desk")), { timeout: 20_000 })
    expect(brain.newest()).toContain("Said on the phone.")

    brain.say("Said on the phone again.")
    await owner.says("and back on the phone")
    await owner.sees("Said on the phone again.")
    expect(brain.newest()).toContain("Said at the desk.")
  },
}

const begin = {
  codex: (prompt: string) => ["exec", "--skip-git-repo-check", prompt],
  claude: (prompt: string) => ["-p", prompt],
} as const
const resume = {
  codex: (id: string, prompt: string) => ["exec", "--skip-git-repo-check", "resume", id, prompt],
  claude: (id: string, prompt: string) => ["-p", "--resume", id, prompt],
} as const

/** The agent wants to write a file, and has to ask. */
async function proposedEdit({ kind, brain, newChat, workspace }: Stage) {
  const owner = newChat()
  await owner.says("/new")
  const file = join(await workspace(owner), "greeting.txt")
  await owner.says(`/mode ${asksForEdits[kind]}`)
  await owner.sees(/works in mode/)
  brain.write(file, "hello\n")
  brain.say("It is done.")
  await owner.says("write a greeting")
  const card = await seesButton(owner, "Allow once")
  expect(card.text).toContain("wants to change files")
  expect(card.text).toContain("greeting.txt")
  expect(card.text).toContain("+hello")
  expect(card.text).not.toContain("Shortened")
  return { owner, file }
}

/** Ids of processes whose command line contains this. */
export function processesOf(command: string): readonly string[] {
  return readdirSync("/proc").filter((pid) => /^\d+$/.test(pid) && commandLineOf(pid).includes(command))
}

function commandLineOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ")
  } catch (error) {
    // It has ended meanwhile.
    if (["ENOENT", "ESRCH"].includes((error as NodeJS.ErrnoException).code ?? "")) return ""
    throw error
  }
}

const DOT = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==",
  "base64",
)
