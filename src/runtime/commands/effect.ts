/**
 * What an update causes. Reading, asking agents and fetching files happens first; the effect itself is synchronous
 * and runs in the one transaction that also marks the update as handled.
 */
export type Effect = () => void

export const nothing: Effect = () => {}
