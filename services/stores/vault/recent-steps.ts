/** Handles that this process has just stepped on: their next probe goes straight to the proof. A hint, bounded. */
export type RecentSteps = { add(handle: string): void; take(handle: string): boolean }

export const recentSteps = (size = 1_000): RecentSteps => {
  const handles = new Set<string>()
  return {
    add: handle => {
      handles.add(handle)
      const oldest = handles.size > size ? handles.values().next().value : undefined
      if (oldest !== undefined) handles.delete(oldest)
    },
    take: handle => handles.delete(handle),
  }
}
