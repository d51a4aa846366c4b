/** Milliseconds of the machine's monotonic clock, the same in every process: times of two processes may be subtracted. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6
}
