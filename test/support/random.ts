/** A seeded generator (mulberry32): a failure is repeated by its seed. */
export const random = (seed: number) => {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
  return { below: (n: number) => Math.floor(next() * n) }
}
export type Random = ReturnType<typeof random>

/** `SEED` of the environment, or another one each time. */
export const seedOf = () => Number(process.env.SEED ?? Date.now() % 4_294_967_296)
