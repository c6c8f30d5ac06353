import type { Labels } from '../../schemas/primitives.ts'

/** One order of the names: the same labels make the same fact. */
export const inOrder = (labels: Labels | undefined): { labels?: Labels } =>
  labels === undefined
    ? {}
    : { labels: Object.fromEntries(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1))) }
