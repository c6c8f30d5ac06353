/** Unix seconds as a sender writes them, not older and not newer than the tolerance. */
export const isFresh = (timestamp: string | undefined, receivedAt: number, toleranceMs: number): boolean =>
  timestamp !== undefined &&
  /^\d{1,12}$/.test(timestamp) &&
  Math.abs(receivedAt - Number(timestamp) * 1_000) <= toleranceMs
