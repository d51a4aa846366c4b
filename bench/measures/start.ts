/** How long a start takes: to the first poll, and to the local page. */
import { setTimeout as pause } from "node:timers/promises"
import { monotonicMs } from "../monotonic.ts"
import type { Side } from "./prompts.ts"

export interface Start {
  readonly toPoll: number
  /** Until `/healthz` of the local page said that it is ready; null when there is no page. */
  readonly toPage: number | null
}

/** `cold`: nothing of the program is compiled yet, as after an installation. Leaves the runtime stopped. */
export async function measureStarts(
  { telegram, installation }: Side,
  { count, cold = false }: { readonly count: number; readonly cold?: boolean },
): Promise<readonly Start[]> {
  const starts: Start[] = []
  for (let index = 0; index < count; index++) {
    await installation.stop()
    if (cold) installation.forgetCompiledCode()
    const polled = telegram.seesNext(({ method }) => method === "getUpdates")
    const started = await installation.start()
    const pageAt = started.localUrl === null ? null : await readyAt(`${started.localUrl}healthz`)
    const poll = await polled
    starts.push({ toPoll: poll.at - started.at, toPage: pageAt === null ? null : pageAt - started.at })
  }
  await installation.stop()
  return starts
}

async function readyAt(url: string): Promise<number> {
  for (;;) {
    const response = await fetch(url)
    await response.body?.cancel()
    if (response.ok) return monotonicMs()
    await pause(2)
  }
}
