/** Runs again `ms` after the end of the last run; the returned function stops it and waits for a run in flight. */
export const every = (
  ms: number,
  run: () => Promise<void>,
  onError: (error: unknown) => void = () => undefined,
): (() => Promise<void>) => {
  let stopped = false
  let timer: NodeJS.Timeout | undefined
  let running: Promise<void> = Promise.resolve()
  const loop = () => {
    running = run()
      .catch(onError)
      .finally(() => {
        if (!stopped) timer = setTimeout(loop, ms)
      })
  }
  loop()
  return async () => {
    stopped = true
    clearTimeout(timer)
    await running
  }
}
