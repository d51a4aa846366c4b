/** The runtime, the host or Telegram fails while an agent works: nothing is lost, nothing is done twice. */
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect } from "vitest"
import type { Conversation } from "../fakes/telegram/conversation.ts"
import { modeOfQuestions, processesOf, type Scenario } from "./agent-scenarios.ts"
import { decides, type Stage, seesButton, timesSaid } from "./stage.ts"

export const runtimeDeaths: readonly Scenario[] = [
  {
    promise: "brings an answer once when the runtime dies in the middle of it",
    async play({ brain, newChat, world }) {
      const owner = newChat()
      const answer = brain.say("Long story short: done.", { gated: true })
      await owner.says("tell me the story")
      await owner.seesDraft(/^Long/)
      await world.dies()
      answer.release()
      await world.starts()
      await owner.sees("Long story short: done.")
      await settles(owner)
      expect(timesSaid(owner, "Long story short")).toBe(1)
      expect(brain.promptsContaining("tell me the story")).toBe(1)
    },
  },
  {
    promise: "goes on streaming when the runtime is back before the answer is complete",
    async play({ brain, newChat, world }) {
      const owner = newChat()
      const answer = brain.say("Slowly but surely.", { gated: true })
      const asked = await owner.says("take your time")
      await owner.seesDraft(/^Slowly/)
      await world.restarts()
      await owner.seesDraft(/^Slowly/, { after: asked })
      answer.release()
      await owner.sees("Slowly but surely.")
      expect(timesSaid(owner, "Slowly but surely.")).toBe(1)
      expect(brain.promptsContaining("take your time")).toBe(1)
    },
  },
  {
    promise: "keeps an approval open over the runtime's death",
    async play(stage) {
      const { owner, prompt, file } = await pendingApproval(stage)
      await stage.world.restarts()
      await decides(owner, "Allow once")
      await owner.sees("Made.")
      expect(readFileSync(file, "utf8")).toBe("made\n")
      expect(timesSaid(owner, "Made.")).toBe(1)
      expect(stage.brain.promptsContaining(prompt)).toBe(1)
    },
  },
  {
    promise: "takes an approval that was given while the runtime was dead",
    async play(stage) {
      const { owner, file } = await pendingApproval(stage)
      await stage.world.dies()
      const tap = await owner.taps(await seesButton(owner, "Allow once"), "Allow once")
      await stage.world.starts()
      expect((await tap.answer()).text).toBe("Allowed")
      await owner.sees("Made.")
      expect(readFileSync(file, "utf8")).toBe("made\n")
    },
  },
  {
    promise: "remembers how far the owner had come with the agent's questions",
    async play({ kind, brain, newChat, world }) {
      const owner = newChat()
      await owner.says("/new")
      await owner.says(`/mode ${modeOfQuestions[kind]}`)
      await owner.sees(/works in mode/)
      brain.ask("Which colour?", ["Red", "Blue"])
      brain.ask("Which shade?", ["Light", "Dark"])
      brain.say("So be it.")
      await owner.says("paint it, whatever happens")
      await decides(owner, "Blue")
      await seesButton(owner, "Dark")
      await world.restarts()
      await decides(owner, "Dark")
      await owner.sees("So be it.")
      expect(brain.newest()).toContain("Blue")
      expect(brain.newest()).toContain("Dark")
      expect(brain.promptsContaining("paint it, whatever happens")).toBe(1)
    },
  },
  {
    promise:
      "passes a prompt on once when Steer now and Run next were both tapped while the runtime was dead",
    async play({ brain, newChat, world }) {
      const owner = newChat()
      const first = brain.say("Alpha is done.", { gated: true })
      for (const more of ["Then beta.", "Then more."]) brain.say(more)
      await owner.says("alpha-task please")
      await owner.seesDraft(/^Alpha/)
      await owner.says("beta-task: a line in the changelog")
      const card = await seesButton(owner, "Steer now")
      await world.dies()
      const taps = [await owner.taps(card, "Steer now"), await owner.taps(card, "Run next")]
      await world.starts()
      const answers = await Promise.all(taps.map((tap) => tap.answer()))
      expect(answers[0]?.text).toBe("Passing it on…")
      // By then it is still on its way, or part of the running turn already.
      expect(answers[1]?.text).toMatch(/being passed on to the running turn|^Too late/)
      first.release()
      await owner.sees("Then beta.")
      await settles(owner)
      expect(brain.newest().split("beta-task").length - 1).toBe(1)
    },
  },
  {
    promise: "lets a command run on while the runtime is dead",
    async play(stage) {
      const { owner, prompt, workspace, go } = await runningCommand(stage)
      await stage.world.dies()
      go()
      await stage.world.starts()
      await owner.sees("Finished.")
      expect(readFileSync(join(workspace, "ticks"), "utf8")).toBe("one\ntwo\n")
      expect(timesSaid(owner, "Finished.")).toBe(1)
      expect(stage.brain.promptsContaining(prompt)).toBe(1)
    },
  },
]

export const hostDeaths: readonly Scenario[] = [
  {
    promise: "in the middle of an answer",
    async play({ kind, brain, newChat, world }) {
      const owner = newChat()
      const answer = brain.say("Against all odds.", { gated: true })
      await owner.says("survive this")
      await owner.seesDraft(/^Against/)
      world.killHost()
      // Codex outlives its host, Claude Code only until the next one comes.
      if (kind === "claude") await owner.sees(REASON)
      answer.release()
      if (kind === "codex") await owner.sees("Against all odds.")
      await settles(owner)
      expect(timesSaid(owner, "Against all odds.")).toBe(kind === "codex" ? 1 : 0)
      expect(brain.promptsContaining("survive this")).toBe(1)
    },
  },
  {
    promise: "with an approval open",
    async play(stage) {
      const { owner, prompt, file } = await pendingApproval(stage)
      stage.world.killHost()
      if (stage.kind === "codex") {
        await decides(owner, "Allow once")
        await owner.sees("Made.")
        expect(readFileSync(file, "utf8")).toBe("made\n")
      } else {
        await owner.sees(/No longer needed/)
        // For a moment it works on alone, without having been allowed anything.
        await owner.sees(orReason("Made."))
        expect(existsSync(file)).toBe(false)
      }
      expect(stage.brain.promptsContaining(prompt)).toBe(1)
    },
  },
  {
    promise: "in the middle of a command",
    async play(stage) {
      const { owner, prompt, workspace, go } = await runningCommand(stage)
      stage.world.killHost()
      if (stage.kind === "codex") {
        go()
        await owner.sees("Finished.")
        expect(readFileSync(join(workspace, "ticks"), "utf8")).toBe("one\ntwo\n")
      } else {
        await owner.sees(REASON)
        expect(processesOf(workspace)).toEqual([])
        stage.brain.clear()
        stage.brain.say("Went on.")
        await decides(owner, "Continue")
        await owner.sees("Went on.")
      }
      expect(stage.brain.promptsContaining(prompt)).toBe(1)
    },
  },
  {
    promise: "together with the runtime",
    async play({ kind, brain, newChat, world }) {
      const owner = newChat()
      const answer = brain.say("Back from the dead.", { gated: true })
      await owner.says("survive that")
      await owner.seesDraft(/^Back/)
      world.killHost()
      await world.dies()
      answer.release()
      await world.starts()
      await owner.sees(kind === "codex" ? "Back from the dead." : orReason("Back from the dead."))
      await settles(owner)
      expect(timesSaid(owner, "Back from the dead.")).toBeLessThanOrEqual(1)
      expect(brain.promptsContaining("survive that")).toBe(1)
    },
  },
]

/** What the owner is told when an agent died with its host. */
const REASON = /The agent's process ended while it worked on this/
const orReason = (answer: string) => new RegExp(`${answer}|${REASON.source}`)

export const telegramFaults: readonly Scenario[] = [
  {
    promise: "delivers when Telegram wants less, fails and loses its answers",
    async play({ brain, newChat, world: { telegram } }) {
      const owner = newChat()
      const [bot] = owner.bots
      if (!bot) throw new Error("a chat without a bot")
      const isFinal = (args: Readonly<Record<string, unknown>>) =>
        String(args.text).includes("Come what may.")
      telegram.fault({
        ...{ method: "sendMessageDraft", bot, kind: "status", code: 429, retryAfterSeconds: 1 },
      })
      telegram.fault({ method: "getUpdates", bot, kind: "status", code: 502, times: 2 })
      const refused = telegram.fault({
        ...{ method: "sendMessage", bot, kind: "status", code: 500, when: isFinal, times: 2 },
      })
      const lost = telegram.fault({ method: "sendMessage", bot, kind: "drop_after_apply", when: isFinal })
      const answer = brain.say("Come what may.", { gated: true })
      await owner.says("try hard")
      await answer.reached
      answer.release()
      await refused.hit(2)
      await lost.hit()
      await owner.sees("Come what may.")
      // Nobody can know that the lost one had arrived: it is sent once more, and says so.
      const isTwice = () => (timesSaid(owner, "Come what may.") === 2 ? true : undefined)
      await owner.until(isTwice, "the answer for the second time")
      await owner.sees(/^Come what may\.\n\(resent\)/)
      expect(brain.promptsContaining("try hard")).toBe(1)
    },
  },
  {
    promise: "takes the owner's tap and prompt when Telegram is away meanwhile",
    async play(stage) {
      const { owner, file } = await pendingApproval(stage)
      const { telegram } = stage.world
      await telegram.goDown()
      const tap = await owner.taps(await seesButton(owner, "Allow once"), "Allow once")
      await telegram.comeBack()
      await tap.answer()
      await owner.sees("Made.")
      expect(readFileSync(file, "utf8")).toBe("made\n")
    },
  },
]

/** It takes as long as we wait for an answer. */
export const hungCall: Scenario = {
  promise: "sends an answer again that Telegram took without a word",
  async play({ brain, newChat, world: { telegram } }) {
    const owner = newChat()
    const [bot] = owner.bots
    if (!bot) throw new Error("a chat without a bot")
    const isFinal = (args: Readonly<Record<string, unknown>>) =>
      String(args.text).startsWith("Can you hear me?")
    const hung = telegram.fault({
      method: "sendMessage",
      bot,
      kind: "delay",
      phase: "after_apply",
      when: isFinal,
    })
    brain.say("Can you hear me?")
    await owner.says("anybody there?")
    await hung.hit()
    await owner.sees(/^Can you hear me\?\n\(resent\)/, { timeoutMs: 30_000 })
    hung.release()
    expect(timesSaid(owner, "Can you hear me?")).toBe(2)
  },
}

async function pendingApproval({ brain, newChat, workspace }: Stage) {
  const owner = newChat()
  brain.run("echo made > made.txt")
  brain.say("Made.")
  const prompt = `make it, please (${owner.bots[0]?.id})`
  await owner.says(prompt)
  await seesButton(owner, "Allow once")
  return { owner, prompt, file: join(await workspace(owner), "made.txt") }
}

/** A command that works until it is told to go on. */
async function runningCommand({ brain, newChat, workspace }: Stage) {
  const owner = newChat()
  brain.run("echo one >> ticks; while [ ! -e go ]; do sleep 0.05; done; echo two >> ticks")
  brain.say("Finished.")
  const prompt = `run it to the end (${owner.bots[0]?.id})`
  await owner.says(prompt)
  await decides(owner, "Allow once")
  const path = await workspace(owner)
  await owner.until(() => (existsSync(join(path, "ticks")) ? true : undefined), "the command to run")
  return { owner, prompt, workspace: path, go: () => writeFileSync(join(path, "go"), "") }
}

/** What is still owed to this chat would come before the answer to a command. */
async function settles(owner: Conversation): Promise<void> {
  const asked = await owner.says("/queue")
  await owner.sees(/Nothing waits/, { after: asked })
}
