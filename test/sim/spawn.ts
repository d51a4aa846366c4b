/** `child_process.spawn` for the one program the runtime starts: the host. */
import { EventEmitter } from "node:events"
import { Readable } from "node:stream"
import { machine } from "./machine.ts"

/** Starts a host process of the simulation; what it says goes to the ready pipe, null when it is gone. */
export type StartHost = (dataDir: string, ready: (line: string | null) => void) => void

let startHost: StartHost = () => undefined

export function hostsStartWith(start: StartHost): void {
  startHost = start
}

export function spawn(_program: string, args: readonly string[]): EventEmitter {
  const dataDir = args[args.indexOf("--data-dir") + 1]
  if (dataDir === undefined || !args.some((arg) => arg.includes("host/main")))
    throw new Error(`cannot simulate ${args.join(" ")}`)
  const parent = machine().current
  const pipe = new Readable({ read() {} })
  const child = Object.assign(new EventEmitter(), { stdio: [null, null, null, pipe], unref: () => undefined })
  machine().schedule(parent, 0.1, () => child.emit("spawn"))
  const ready = (line: string | null): void => {
    machine().schedule(parent, machine().delay(0.05, 2), () => pipe.push(line))
    if (line !== null) machine().schedule(parent, 3, () => pipe.push(null))
  }
  machine().schedule(machine().world, machine().delay(80, 900), () => startHost(dataDir, ready))
  return child
}
