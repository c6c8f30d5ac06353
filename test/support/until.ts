/** Waits for a condition with a deadline; returns its first truthy value. */
export const until = async <T>(
  what: string,
  condition: () => T | Promise<T>,
  { withinMs = 30_000, everyMs = 50 }: { withinMs?: number; everyMs?: number } = {},
): Promise<Exclude<T, undefined | null | false | 0 | ''>> => {
  const deadline = Date.now() + withinMs
  let last: unknown
  for (;;) {
    try {
      const value = await condition()
      if (value) return value as Exclude<T, undefined | null | false | 0 | ''>
      last = value
    } catch (error) {
      last = error
    }
    if (Date.now() > deadline) throw new Error(`not within ${withinMs} ms: ${what} (last: ${String(last)})`)
    await new Promise(resolve => setTimeout(resolve, everyMs))
  }
}
