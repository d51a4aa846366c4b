/** Lets a fault surface without stopping what goes on here: nobody handles it, so it ends the process. */
export function throwAlone(fault: unknown): void {
  setImmediate(() => {
    throw fault
  })
}
