/** So many in each window, counted in this process. Returns 0, or after how many ms there is room again. */
export const fixedWindow = (most: number, windowMs: number) => {
  let begun = Number.NEGATIVE_INFINITY
  let taken = 0
  return (now: number): number => {
    if (now - begun >= windowMs) {
      begun = now
      taken = 0
    }
    taken += 1
    return taken <= most ? 0 : begun + windowMs - now
  }
}
