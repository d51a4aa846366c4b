import { randomUUID } from "node:crypto"
import { readdirSync } from "node:fs"
import { setTimeout as delay } from "node:timers/promises"
import { describe, expect, it } from "vitest"
import { processStart } from "../../src/platform/process-table.ts"
import type { AttemptId, RequestId } from "../../src/protocol/ids.ts"
import type { Outcome } from "../../src/protocol/session.ts"
import type { Step } from "../fakes/script.ts"
import { type Reader, until, World } from "./world.ts"

async function outcomeOf(reader: Reader, attempt: AttemptId): Promise<Outcome> {
  const { event } = await reader.sees(attempt, "attempt.ended")
  if (event.kind !== "attempt.ended") throw new Error("unreachable")
  return event.outcome
}

const done: Step = { do: "end", text: "done" }

describe("a host killed in the middle", () => {
  it("starts what it had only recorded", async () => {
    await using world = new World()
    const first = await world.connects()
    const attempt = await world.starts(first, [{ do: "accept" }, done], { settings: { model: "hold:open" } })
    await world.kills(first)
    world.opens("open")
    const second = await world.connects()
    expect(await outcomeOf(second, attempt)).toEqual({ kind: "completed", text: "done" })
    expect(world.consumed(attempt)).toBe(1)
  })

  it("starts again what was being handed over and had certainly not arrived", async () => {
    await using world = new World()
    const first = await world.connects()
    const steps: readonly Step[] = [{ do: "hold", gate: "send" }, { do: "accept" }, done]
    const attempt = await world.starts(first, steps)
    await until(async () => (await stateOf(world, first, attempt)) === "handing_over")
    await world.kills(first)
    world.opens("send")
    const second = await world.connects()
    expect(await outcomeOf(second, attempt)).toEqual({ kind: "completed", text: "done" })
    expect(world.consumed(attempt)).toBe(1)
  })

  it("does not start again what had arrived without being accepted", async () => {
    await using world = new World()
    const first = await world.connects()
    const attempt = await world.starts(first, [{ do: "wait", gate: "never" }, { do: "accept" }, done])
    await until(() => world.consumed(attempt) === 1)
    await world.kills(first)
    const second = await world.connects()
    expect(await outcomeOf(second, attempt)).toMatchObject({ kind: "indeterminate", consumed: "unknown" })
    expect(world.consumed(attempt)).toBe(1)
  })

  it("says of an accepted one that it was consumed, and withdraws its open request", async () => {
    await using world = new World()
    const first = await world.connects()
    const attempt = await world.starts(first, [{ do: "accept" }, { do: "ask", request: "r1" }, done])
    const { event } = await first.sees(attempt, "request.opened")
    if (event.kind !== "request.opened") throw new Error("unreachable")
    await world.kills(first)
    const second = await world.connects()
    expect(await outcomeOf(second, attempt)).toMatchObject({ kind: "indeterminate", consumed: "yes" })
    expect((await second.sees(attempt, "request.closed")).event).toMatchObject({
      request: "r1",
      why: "withdrawn",
    })
    expect(await answer(world, second, event.request)).toEqual({ outcome: "gone" })
  })

  it("tells the end from the transcript when the agent finished alone", async () => {
    await using world = new World()
    const first = await world.connects()
    const attempt = await world.starts(first, [{ do: "accept" }, { do: "wait", gate: "go" }, done])
    await first.sees(attempt, "attempt.accepted")
    process.kill(first.link.pid, "SIGSTOP")
    world.opens("go")
    await until(() => world.transcript().includes(`ended ${attempt} done`))
    await world.kills(first)
    const second = await world.connects()
    expect(await outcomeOf(second, attempt)).toEqual({ kind: "completed", text: "done" })
  })

  it("tells once more the end that the runtime had not acknowledged, and runs nothing", async () => {
    await using world = new World()
    const first = await world.connects()
    const steps: readonly Step[] = [{ do: "accept" }, done]
    const attempt = await world.starts(first, steps)
    await first.sees(attempt, "attempt.ended")
    await world.kills(first)
    const second = await world.connects()
    await world.starts(second, steps, { attempt })
    expect(second.events).toEqual(first.events)
    expect(world.consumed(attempt)).toBe(1)
  })

  it("finds an agent that outlived it still at work, with its request open", async () => {
    await using world = new World()
    const first = await world.connects()
    const attempt = await world.starts(first, [{ do: "accept" }, { do: "ask", request: "r1" }, done], {
      settings: { mode: "survive" },
    })
    const { event } = await first.sees(attempt, "request.opened")
    if (event.kind !== "request.opened") throw new Error("unreachable")
    first.ack()
    await world.kills(first)
    const second = await world.connects()
    expect(await answer(world, second, event.request)).toEqual({ outcome: "answered" })
    expect(await outcomeOf(second, attempt)).toEqual({ kind: "completed", text: "done" })
    expect(world.consumed(attempt)).toBe(1)
  })

  it("ends the children it left, with all they had started", async () => {
    await using world = new World()
    const first = await world.connects()
    const attempt = await world.starts(first, [
      ...([{ do: "accept" }, { do: "spawn", how: "group" }, { do: "wait", gate: "never" }] as const),
    ])
    const { event } = await first.sees(attempt, "item")
    const pid = event.kind === "item" && event.item.kind === "message" ? Number(event.item.text) : 0
    await world.kills(first)
    expect(await processStart(pid)).not.toBeNull()
    const second = await world.connects()
    await outcomeOf(second, attempt)
    expect(await processStart(pid)).toBeNull()
  })

  it("asks the transcript before it starts what another host may have had", async () => {
    await using world = new World()
    const reader = await world.connects()
    const steps: readonly Step[] = [{ do: "accept" }, done]
    const attempt = await world.starts(reader, steps)
    await outcomeOf(reader, attempt)
    await world.losesJournal(reader)
    const second = await world.connects()
    await world.starts(second, steps, { attempt, recoverOnly: true })
    expect(await outcomeOf(second, attempt)).toEqual({ kind: "completed", text: "done" })
    const fresh = await world.starts(second, steps, { recoverOnly: true })
    expect(await outcomeOf(second, fresh)).toEqual({ kind: "completed", text: "done" })
    expect([world.consumed(attempt), world.consumed(fresh)]).toEqual([1, 1])
  })
})

it("begins a new journal beside a damaged one, instead of a host that never starts again", async () => {
  await using world = new World()
  const before = await world.connects()
  const first = await world.starts(before, [{ do: "accept" }, { do: "end", text: "first" }])
  await before.sees(first, "attempt.ended")
  await world.journalIsDamaged(before)
  const after = await world.connects()
  expect(after.link.journal).not.toBe(before.link.journal)
  const second = await world.starts(after, [{ do: "accept" }, { do: "end", text: "second" }])
  await after.sees(second, "attempt.ended")
  expect(readdirSync(world.dataDir).filter((name) => name.includes("damaged"))).toHaveLength(1)
})

it("runs nothing twice and leaves nothing open, killed at any instant", async () => {
  await using world = new World()
  const steps: readonly Step[] = [
    { do: "accept" },
    { do: "item", id: "a", status: "completed", text: "x" },
    done,
  ]
  const attempts: AttemptId[] = []
  const ends: AttemptId[] = []
  const take = (reader: Reader) => {
    ends.push(
      ...reader.events.flatMap(({ event }) => (event.kind === "attempt.ended" ? [event.attempt] : [])),
    )
    reader.ack()
  }
  for (let round = 0; round < 12; round++) {
    const reader = await world.connects()
    const attempt = randomUUID() as AttemptId
    attempts.push(attempt)
    const started = world.starts(reader, steps, { attempt }).catch(() => null)
    // The instant is the point here: from before the record to after the end.
    await delay(Math.random() * 250)
    await world.kills(reader)
    await started
    // What was received and not acknowledged is thrown away, as a runtime that died with it would.
  }
  const last = await world.connects()
  for (const attempt of attempts) await world.starts(last, steps, { attempt })
  for (const attempt of attempts) await last.sees(attempt, "attempt.ended")
  take(last)
  expect(ends.toSorted()).toEqual(attempts.toSorted())
  for (const attempt of attempts) expect(world.consumed(attempt)).toBeLessThanOrEqual(1)
}, 120_000)

async function stateOf(world: World, reader: Reader, attempt: AttemptId): Promise<string> {
  const prompt = { text: "[]", files: [] }
  const command = { kind: "turn.start", attempt, spec: world.spec(), prompt, recoverOnly: false } as const
  return (await reader.link.command(command)).state
}

function answer(world: World, reader: Reader, request: RequestId) {
  return reader.link.command({
    ...{ kind: "request.answer", session: world.session, request },
    answer: { kind: "option", option: "yes" },
  })
}
