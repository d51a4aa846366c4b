/** An agent that says more than the host may ever keep in its memory. */
import { randomUUID } from "node:crypto"
import { readFileSync } from "node:fs"
import type { HostEvent } from "../../src/protocol/host-link.ts"
import type { AttemptId } from "../../src/protocol/ids.ts"
import type { Step } from "../fakes/script.ts"
import type { Reader, World } from "./world.ts"

/** 100 MB. */
const TIMES = 1600
const BYTES = 64 * 1024

/** Starts a turn that streams once the gate is open, and whatever the host needs for a turn is warm. */
export async function readyToStream(world: World, reader: Reader): Promise<AttemptId> {
  const warm: readonly Step[] = [
    { do: "accept" },
    { do: "stream", id: "w", bytes: BYTES, times: 50 },
    { do: "end", text: "" },
  ]
  await reader.sees(await world.starts(reader, warm), "attempt.ended")
  reader.ack()
  const attempt = await world.starts(
    reader,
    [
      { do: "accept" },
      { do: "wait", gate: "go" },
      { do: "stream", id: "", bytes: BYTES, times: TIMES },
      { do: "end", text: "the answer" },
    ],
    { attempt: randomUUID() as AttemptId },
  )
  await reader.sees(attempt, "attempt.accepted")
  reader.ack()
  return attempt
}

/** What was told of the attempt: numbers of its items, and its end. */
export function told(events: readonly HostEvent[], attempt: AttemptId) {
  const mine = events.flatMap(({ event }) => ("attempt" in event && event.attempt === attempt ? [event] : []))
  const last = mine.at(-1)
  return {
    items: mine.flatMap((event) => (event.kind === "item" ? [Number(event.item.id)] : [])),
    end: last?.kind === "attempt.ended" ? last.outcome : null,
  }
}

export const allItems = Array.from({ length: TIMES }, (_, n) => n)

export function residentMegabytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8")
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024)
}
