/**
 * What every adapter must do, whatever its agent. An adapter brings a world: its provider with the real agent behind it,
 * and prompts that make the agent do things.
 */
import { randomUUID } from "node:crypto"
import { existsSync } from "node:fs"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { ProviderError } from "../../src/core/provider-error.ts"
import { AttemptId, RequestId, SessionId } from "../../src/protocol/ids.ts"
import type { Answer, Prompt, RequestBody, SessionSpec, Settings } from "../../src/protocol/session.ts"
import type { Provider, ProviderSession } from "../../src/providers/provider.ts"
import { expectWholeAttempt, Recorder } from "./recorder.ts"

/** A prompt that makes the agent answer with exactly `answer`. */
export interface Reply {
  readonly prompt: string
  readonly answer: string
}

/** Each function prepares the agent, if need be, and returns the prompt. */
export interface Script {
  reply(word: string): Reply
  /** The agent asks before it does something that leaves the file `evidence`. */
  needApproval(): { readonly prompt: string; readonly evidence: string }
  /** The agent asks a question; `answers` is how to answer, and `seen` must appear in what it says then. */
  question?(): {
    readonly prompt: string
    answers(body: Extract<RequestBody, { kind: "question" }>): Readonly<Record<string, string[]>>
    readonly seen: string
  }
  /** Streams some text, then works on until it is interrupted. */
  hang(): string
  fail(): string
}

export interface World {
  readonly provider: Provider
  readonly workspace: string
  readonly script: Script
  /** Kills the agent, as a crash would, and resolves when it is dead. */
  killAgent(): Promise<void>
  /** Another provider over the same state, as a new host after the death of this one and its agents makes it. */
  reborn(): Promise<Provider>
  /** Pids of the agent's processes that still run. */
  processes(): readonly number[]
  close(): Promise<void>
}

/** What the adapter promises; the suite checks that it keeps it. */
export interface Traits {
  readonly steers: boolean
  readonly provesConsumption: boolean
  readonly listsNative: boolean
  /** Settings that the agent takes, other than its defaults; null when there is nothing to choose. */
  readonly settings: Settings | null
  /** The least number of models it offers. */
  readonly models: number
  /** Told that the agent's process died while nothing ran; false for an agent with no process of its own then. */
  readonly noticesIdleDeath: boolean
}

const never = "00000000-0000-4000-8000-000000000000"

export function describeProvider(
  name: string,
  { createWorld, traits }: { createWorld(): Promise<World>; traits: Traits },
): void {
  describe(`${name} as a provider`, () => {
    let world: World
    beforeEach(async () => {
      world = await createWorld()
    })
    afterEach(async () => {
      await world.close()
    })

    const fresh = (): Promise<Opened> => openSession(world.provider, specFor(world))

    describe("what it is", () => {
      it("is ready and says its version", async () => {
        const status = await world.provider.probe()
        expect(status).toMatchObject({ provider: world.provider.id, state: "ready" })
        expect(status.version).toMatch(/\d/)
        expect(status.capabilities).toMatchObject({
          steer: traits.steers,
          listNative: traits.listsNative,
          provesConsumption: traits.provesConsumption,
        })
      })

      it("names its models, at most one of them the default", async () => {
        const models = await world.provider.models()
        expect(models.length).toBeGreaterThanOrEqual(traits.models)
        expect(models.filter((model) => model.isDefault).length).toBeLessThanOrEqual(1)
        expect(new Set(models.map((model) => model.id)).size).toBe(models.length)
      })
    })

    describe("a prompt", () => {
      it("is accepted, streamed, and ended once with the whole answer", async () => {
        const { prompt, answer } = world.script.reply("apple")
        const { session, recorder } = await fresh()
        const attempt = await send(session, prompt)
        expect(await recorder.ended(attempt)).toEqual({ kind: "completed", text: answer })
        expectWholeAttempt(recorder, attempt)
        expect(recorder.streamed(attempt, "message")).toContain(answer)
        const messages = recorder.items(attempt).filter((item) => item.kind === "message")
        expect(messages.at(-1)).toMatchObject({ status: "completed", text: answer })
      })

      it("names the session before it ends", async () => {
        const { session, recorder } = await fresh()
        const attempt = await send(session, world.script.reply("apple").prompt)
        await recorder.ended(attempt)
        const changed = recorder.events.find((event) => event.kind === "session.changed")
        expect(changed?.nativeId).toBe(session.nativeId)
        expect(session.nativeId).not.toBe("")
      })

      it("can follow another in the same session", async () => {
        const { session, recorder } = await fresh()
        await recorder.ended(await send(session, world.script.reply("apple").prompt))
        const { prompt, answer } = world.script.reply("pear")
        const second = await send(session, prompt)
        expect(await recorder.ended(second)).toEqual({ kind: "completed", text: answer })
        expectWholeAttempt(recorder, second)
      })

      it("is refused while another runs, which is not disturbed", async () => {
        const { session, recorder } = await fresh()
        const running = await send(session, world.script.hang())
        await recorder.streaming(running)
        const refused = newAttempt()
        await expect(session.send(textPrompt("too early"), refused)).rejects.toBeInstanceOf(ProviderError)
        expect(recorder.of(refused)).toEqual([])
        await session.interrupt()
        expect(await recorder.ended(running)).toMatchObject({ kind: "stopped" })
      })

      it("that fails ends as failed, with a reason fit for the owner", async () => {
        const { session, recorder } = await fresh()
        const attempt = await send(session, world.script.fail())
        const outcome = await recorder.ended(attempt)
        expect(outcome.kind).toBe("failed")
        if (outcome.kind === "failed")
          expect(outcome.failure.detail ?? "").not.toMatch(/\n|\{|\/home|\/tmp|at .*:\d+/)
        expectWholeAttempt(recorder, attempt)
      })

      it("of one session does not mix with that of another", async () => {
        const [a, b] = await Promise.all([fresh(), fresh()])
        const [apple, pear] = [world.script.reply("apple"), world.script.reply("pear")]
        const [first, second] = await Promise.all([
          send(a.session, apple.prompt),
          send(b.session, pear.prompt),
        ])
        expect(await a.recorder.ended(first)).toEqual({ kind: "completed", text: apple.answer })
        expect(await b.recorder.ended(second)).toEqual({ kind: "completed", text: pear.answer })
        expect(a.recorder.of(second)).toEqual([])
        expect(b.recorder.of(first)).toEqual([])
        expect(a.session.nativeId).not.toBe(b.session.nativeId)
      })

      it("can be steered exactly if the agent can", async () => {
        const { session, recorder } = await fresh()
        const attempt = await send(session, world.script.hang())
        await recorder.streaming(attempt)
        const outcome = await session.steer(textPrompt("never mind"), attempt)
        expect(outcome).toBe(traits.steers ? "steered" : "unsupported")
        await session.interrupt()
        await recorder.ended(attempt)
      })
    })

    describe("an approval", () => {
      it("allowed lets the agent act", async () => {
        const { prompt, evidence } = world.script.needApproval()
        const { session, recorder } = await fresh()
        const attempt = await send(session, prompt)
        const { request, body } = await recorder.request(attempt)
        expect(existsSync(evidence)).toBe(false)
        expect(await session.answer(request, choose(body, "allow_once"))).toBe("answered")
        expect(await recorder.ended(attempt)).toMatchObject({ kind: "completed" })
        expect(existsSync(evidence)).toBe(true)
        expect(closings(recorder, attempt)).toEqual(["answered"])
        expectWholeAttempt(recorder, attempt)
      })

      it("denied keeps the agent from acting", async () => {
        const { prompt, evidence } = world.script.needApproval()
        const { session, recorder } = await fresh()
        const attempt = await send(session, prompt)
        const { request, body } = await recorder.request(attempt)
        expect(await session.answer(request, choose(body, "deny"))).toBe("answered")
        await recorder.ended(attempt)
        expect(existsSync(evidence)).toBe(false)
        expect(closings(recorder, attempt)).toEqual(["answered"])
        expectWholeAttempt(recorder, attempt)
      })

      it("is withdrawn when the turn is interrupted", async () => {
        const { prompt, evidence } = world.script.needApproval()
        const { session, recorder } = await fresh()
        const attempt = await send(session, prompt)
        const { request, body } = await recorder.request(attempt)
        await session.interrupt()
        expect(await recorder.ended(attempt)).toMatchObject({ kind: "stopped" })
        expect(closings(recorder, attempt)).toEqual(["withdrawn"])
        expect(await session.answer(request, choose(body, "allow_once"))).toBe("gone")
        expect(existsSync(evidence)).toBe(false)
        expectWholeAttempt(recorder, attempt)
      })

      it("is answered once; a second answer and one to nothing change nothing", async () => {
        const { prompt, evidence } = world.script.needApproval()
        const { session, recorder } = await fresh()
        const attempt = await send(session, prompt)
        const { request, body } = await recorder.request(attempt)
        expect(await session.answer(request, choose(body, "deny"))).toBe("answered")
        expect(await session.answer(request, choose(body, "allow_once"))).toBe("gone")
        expect(await session.answer(RequestId.parse(never), choose(body, "allow_once"))).toBe("gone")
        await recorder.ended(attempt)
        expect(existsSync(evidence)).toBe(false)
      })
    })

    it("asks its question and gets the owner's answer", async (context) => {
      const question = world.script.question?.()
      if (!question) return context.skip()
      const { session, recorder } = await fresh()
      const attempt = await send(session, question.prompt)
      const { request, body } = await recorder.request(attempt)
      if (body.kind !== "question") throw new Error(`expected a question, not ${body.kind}`)
      const answer: Answer = { kind: "answers", answers: question.answers(body) }
      expect(await session.answer(request, answer)).toBe("answered")
      const outcome = await recorder.ended(attempt)
      expect(outcome).toMatchObject({ kind: "completed" })
      expect(outcome.kind === "completed" && outcome.text).toContain(question.seen)
      expectWholeAttempt(recorder, attempt)
    })

    describe("an interruption", () => {
      it("stops the turn, once, however often it is asked for", async () => {
        const { session, recorder } = await fresh()
        const attempt = await send(session, world.script.hang())
        await recorder.streaming(attempt)
        await Promise.all([session.interrupt(), session.interrupt()])
        const outcome = await recorder.ended(attempt)
        expect(outcome.kind).toBe("stopped")
        await session.interrupt()
        expectWholeAttempt(recorder, attempt)
      })

      it("leaves a session that takes the next prompt", async () => {
        const { session, recorder } = await fresh()
        const attempt = await send(session, world.script.hang())
        await recorder.streaming(attempt)
        await session.interrupt()
        await recorder.ended(attempt)
        const { prompt, answer } = world.script.reply("pear")
        expect(await recorder.ended(await send(session, prompt))).toEqual({ kind: "completed", text: answer })
      })
    })

    describe("a session", () => {
      it("is resumed under the same native id by another host", async () => {
        const first = await fresh()
        await first.recorder.ended(await send(first.session, world.script.reply("apple").prompt))
        const { nativeId } = first.session
        const provider = await world.reborn()
        const again = await openSession(provider, { ...specFor(world), nativeId })
        expect(again.session.nativeId).toBe(nativeId)
        const { prompt, answer } = world.script.reply("pear")
        const attempt = await send(again.session, prompt)
        expect(await again.recorder.ended(attempt)).toEqual({ kind: "completed", text: answer })
        expectWholeAttempt(again.recorder, attempt)
        expect(again.session.nativeId).toBe(nativeId)
      })

      it("that the agent does not know is refused", async () => {
        const spec = { ...specFor(world), nativeId: never }
        await expect(world.provider.open(spec, new Recorder())).rejects.toBeInstanceOf(ProviderError)
      })

      it("takes other settings", async (context) => {
        if (traits.settings === null) return context.skip()
        const { session, recorder } = await fresh()
        await session.configure(traits.settings)
        const { prompt, answer } = world.script.reply("apple")
        const attempt = await send(session, prompt)
        expect(await recorder.ended(attempt)).toEqual({ kind: "completed", text: answer })
        expect(recorder.settings()).toMatchObject(traits.settings)
      })

      it("is listed by its native id and its workspace, and no unknown one is", async (context) => {
        if (!traits.listsNative) return context.skip()
        const { session, recorder } = await fresh()
        await recorder.ended(await send(session, world.script.reply("apple").prompt))
        const { nativeId } = session
        const byId = await world.provider.listNative({ limit: 10, nativeId })
        expect(byId).toMatchObject([{ nativeId, workspace: world.workspace }])
        const byPlace = await world.provider.listNative({ limit: 10, workspace: world.workspace })
        expect(byPlace.map((one) => one.nativeId)).toContain(nativeId)
        expect(await world.provider.listNative({ limit: 10, nativeId: never })).toEqual([])
      })

      it("closes twice, and stops what runs first", async () => {
        const { session, recorder } = await fresh()
        const attempt = await send(session, world.script.hang())
        await recorder.streaming(attempt)
        await Promise.all([session.close(), session.close()])
        expect(await recorder.ended(attempt)).toMatchObject({ kind: "stopped" })
        await session.close()
        expectWholeAttempt(recorder, attempt)
      })
    })

    describe("the agent's death", () => {
      it("in mid turn ends the turn once as crashed; the session goes on afterwards", async () => {
        const { session, recorder } = await fresh()
        await recorder.ended(await send(session, world.script.reply("apple").prompt))
        const attempt = await send(session, world.script.hang())
        await recorder.streaming(attempt)
        await world.killAgent()
        expect(await recorder.ended(attempt)).toMatchObject({ kind: "failed", failure: { class: "crashed" } })
        expectWholeAttempt(recorder, attempt)
        const again = await openSession(world.provider, { ...specFor(world), nativeId: session.nativeId })
        const { prompt, answer } = world.script.reply("pear")
        const next = await send(again.session, prompt)
        expect(await again.recorder.ended(next)).toEqual({ kind: "completed", text: answer })
      })

      it("closes an open request", async () => {
        const { session, recorder } = await fresh()
        const attempt = await send(session, world.script.needApproval().prompt)
        const { request, body } = await recorder.request(attempt)
        await world.killAgent()
        expect(await recorder.ended(attempt)).toMatchObject({ kind: "failed", failure: { class: "crashed" } })
        expect(await session.answer(request, choose(body, "allow_once"))).toBe("gone")
        expect(closings(recorder, attempt)).toEqual(["withdrawn"])
        expectWholeAttempt(recorder, attempt)
      })

      it("while nothing runs is told, and a prompt sent all the same is either refused or run", async (context) => {
        if (!traits.noticesIdleDeath) return context.skip()
        const { session, recorder } = await fresh()
        await recorder.ended(await send(session, world.script.reply("apple").prompt))
        await world.killAgent()
        await recorder.gone()
        const { prompt, answer } = world.script.reply("pear")
        const attempt = newAttempt()
        const refused = await session.send(textPrompt(prompt), attempt).then(
          () => false,
          (error: unknown) => error instanceof ProviderError,
        )
        if (refused) expect(recorder.of(attempt)).toEqual([])
        else expect(await recorder.ended(attempt)).toEqual({ kind: "completed", text: answer })
      })
    })

    describe("after the death of the host", () => {
      const recover = async (spec: SessionSpec, attempt: AttemptId) => {
        const provider = await world.reborn()
        return await provider.recover(spec, attempt, new Recorder())
      }

      it("tells the answer of a prompt that was finished", async () => {
        const { prompt, answer } = world.script.reply("apple")
        const { session, recorder } = await fresh()
        const attempt = await send(session, prompt)
        await recorder.ended(attempt)
        const recovery = await recover({ ...specFor(world), nativeId: session.nativeId }, attempt)
        if (traits.provesConsumption) {
          expect(recovery).toEqual({ kind: "ended", outcome: { kind: "completed", text: answer } })
        } else expect(recovery.kind).toBe("unknown")
      })

      it("tells that a prompt cut off in the middle was consumed", async () => {
        const { session, recorder } = await fresh()
        await recorder.ended(await send(session, world.script.reply("apple").prompt))
        const attempt = await send(session, world.script.hang())
        await recorder.streaming(attempt)
        await world.killAgent()
        const recovery = await recover({ ...specFor(world), nativeId: session.nativeId }, attempt)
        if (!traits.provesConsumption) return expect(recovery.kind).toBe("unknown")
        expect(recovery).toMatchObject({ kind: "ended", outcome: { kind: "indeterminate", consumed: "yes" } })
      })

      it("tells that a prompt never reached the agent", async () => {
        const { session, recorder } = await fresh()
        await recorder.ended(await send(session, world.script.reply("apple").prompt))
        const recovery = await recover({ ...specFor(world), nativeId: session.nativeId }, newAttempt())
        expect(recovery.kind).toBe(traits.provesConsumption ? "not_consumed" : "unknown")
      })
    })

    it("closes twice and leaves no process", async () => {
      const { session, recorder } = await fresh()
      const attempt = await send(session, world.script.hang())
      await recorder.streaming(attempt)
      await Promise.all([world.provider.close(), world.provider.close()])
      await world.provider.close()
      await recorder.ended(attempt)
      expectWholeAttempt(recorder, attempt)
      expect(world.processes()).toEqual([])
    })
  })
}

interface Opened {
  readonly session: ProviderSession
  readonly recorder: Recorder
}

async function openSession(provider: Provider, spec: SessionSpec): Promise<Opened> {
  const recorder = new Recorder()
  return { session: await provider.open(spec, recorder), recorder }
}

function specFor({ provider, workspace }: World): SessionSpec {
  return { session: SessionId.parse("S001"), provider: provider.id, workspace, nativeId: null, settings: {} }
}

async function send(session: ProviderSession, text: string): Promise<AttemptId> {
  const attempt = newAttempt()
  await session.send(textPrompt(text), attempt)
  return attempt
}

function newAttempt(): AttemptId {
  return AttemptId.parse(randomUUID())
}

function textPrompt(text: string): Prompt {
  return { text, files: [] }
}

/** The option of this effect; a denial may also be one that stops the turn. */
function choose(body: RequestBody, effect: "allow_once" | "deny"): Answer {
  if (body.kind === "question") throw new Error("expected an approval, not a question")
  const option = body.options.find(
    (one) => one.effect === effect || (effect === "deny" && one.effect === "deny_stop"),
  )
  if (!option) throw new Error(`no option to ${effect} among ${JSON.stringify(body.options)}`)
  return { kind: "option", option: option.id }
}

function closings(recorder: Recorder, attempt: AttemptId): readonly string[] {
  return recorder.of(attempt).flatMap((event) => (event.kind === "request.closed" ? [event.why] : []))
}
