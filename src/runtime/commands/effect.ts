/**
 * What the owner's word causes. Reading, asking agents and fetching files happens first; the effect itself is
 * synchronous and runs in the one transaction that also marks what was received as handled.
 */
export type Effect = () => void

export const nothing: Effect = () => {}
