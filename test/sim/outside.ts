import { machine } from "./machine.ts"

/** Time stands still until it is done; a process that has died by then hears nothing of it. */
export function outside<T>(work: Promise<T>): Promise<T> {
  const here = machine()
  const { current } = here
  here.outside += 1
  const { promise, resolve, reject } = Promise.withResolvers<T>()
  const hear = (what: () => void) => {
    here.outside -= 1
    here.schedule(current, 0, what)
  }
  work.then(
    (value) => hear(() => resolve(value)),
    (error: unknown) => hear(() => reject(error)),
  )
  return promise
}
