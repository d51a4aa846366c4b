/**
 * What every adapter must hold when its agent says what no agent should. A liar brings a provider whose agent tells one of
 * these lies when a prompt names it, and answers every other prompt with `honest`.
 */
import { randomUUID } from "node:crypto"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { AttemptId, SessionId } from "../../src/protocol/ids.ts"
import type { RequestBody } from "../../src/protocol/session.ts"
import type { Provider, ProviderSession } from "../../src/providers/provider.ts"
import { expectWholeAttempt, Recorder } from "./recorder.ts"

/** The agent works, says `done` and ends in order, but for one oddity. */
const WORKS = [
  "empty_item_id",
  "long_item_id",
  /** Items, results and ends more than once. */
  "duplicates",
  /** Says something more after the end. */
  "late_text",
  /** Optional fields of another form, in every message. */
  "drifted_messages",
  "drifted_result",
  /** Lines that are no messages, and messages of unknown kinds. */
  "garbage",
] as const

/** The agent asks before it runs `touch …`, and says what it was answered. */
const ASKS = ["empty_request_id", "long_request_id", "same_request_id"] as const

export type Lie = (typeof WORKS)[number] | (typeof ASKS)[number]

export interface LiarWorld {
  readonly provider: Provider
  readonly workspace: string
  /** The prompt that makes it tell the lie; null for one that its protocol leaves no room for. */
  prompt(lie: Lie): string | null
  close(): Promise<void>
}

export function describeLies(name: string, createWorld: () => Promise<LiarWorld>): void {
  describe(`${name} with an agent that lies`, () => {
    let world: LiarWorld
    beforeEach(async () => {
      world = await createWorld()
    })
    afterEach(async () => {
      await world.close()
    })

    it.each(WORKS)("answers all the same: %s", async (lie) => {
      const prompt = world.prompt(lie)
      if (prompt === null) return
      const { session, recorder } = await opened(world)
      const attempt = await send(session, prompt)
      expect(await recorder.ended(attempt)).toEqual({ kind: "completed", text: "done" })
      expectWholeAttempt(recorder, attempt)
      await expectHonest(session, recorder)
    })

    it.each(ASKS)("asks and is answered all the same: %s", async (lie) => {
      const prompt = world.prompt(lie)
      if (prompt === null) return
      const { session, recorder } = await opened(world)
      const attempt = await send(session, prompt)
      const count = lie === "same_request_id" ? 2 : 1
      const asked = await recorder.until(() => {
        const found = recorder.of(attempt).filter((event) => event.kind === "request.opened")
        return found.length >= count ? found : undefined
      })
      const { request, body } = asked.at(-1) ?? expect.unreachable()
      const option = allowing(body)
      // Of two under one id only the newer may be allowed: it is what was shown last.
      for (const older of asked.slice(0, -1)) {
        expect(await session.answer(older.request, option)).toBe("gone")
      }
      expect(await session.answer(request, option)).toBe("answered")
      expect((await recorder.ended(attempt)).kind).toBe("completed")
      expectWholeAttempt(recorder, attempt)
    })

    it("leaves every other session alone", async () => {
      const bystander = await opened(world)
      await Promise.all(
        WORKS.map(async (lie) => {
          const { session, recorder } = await opened(world)
          const prompt = world.prompt(lie)
          if (prompt !== null) await recorder.ended(await send(session, prompt))
        }),
      )
      await expectHonest(bystander.session, bystander.recorder)
    })
  })
}

async function opened({ provider, workspace }: LiarWorld) {
  const recorder = new Recorder()
  const spec = {
    session: SessionId.parse("S001"),
    provider: provider.id,
    workspace,
    nativeId: null,
    settings: {},
  }
  return { recorder, session: await provider.open(spec, recorder) }
}

async function send(session: ProviderSession, text: string): Promise<AttemptId> {
  const attempt = AttemptId.parse(randomUUID())
  await session.send({ text, files: [] }, attempt)
  return attempt
}

async function expectHonest(session: ProviderSession, recorder: Recorder): Promise<void> {
  const attempt = await send(session, "tell the truth")
  expect(await recorder.ended(attempt)).toEqual({ kind: "completed", text: "honest" })
  expectWholeAttempt(recorder, attempt)
}

function allowing(body: RequestBody) {
  if (body.kind !== "approval") throw new Error(`expected an approval, not ${body.kind}`)
  expect(body.command).toMatch(/^touch /)
  const option = body.options.find((one) => one.effect === "allow_once") ?? expect.unreachable()
  return { kind: "option", option: option.id } as const
}
