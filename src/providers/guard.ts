/**
 * A listener for what an agent says that never throws: one agent's odd line is that agent's trouble, never the host's.
 * @param onFault fails what the agent was working on.
 */
export function guarded<A extends readonly unknown[]>(
  listener: (...args: A) => void,
  onFault: (error: unknown) => void,
): (...args: A) => void {
  return (...args) => {
    try {
      listener(...args)
    } catch (error) {
      onFault(error)
    }
  }
}
