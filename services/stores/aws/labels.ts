/** Staging labels by version. AWS keeps a label on one version at a time; an emulator was seen to leave AWSPENDING on two. */
export type Labels = ReadonlyMap<string, readonly string[]>

export const labelsOf = (stages: Record<string, string[]> = {}): Labels => new Map(Object.entries(stages))

const holders = (labels: Labels, label: string): string[] =>
  [...labels].filter(([, all]) => all.includes(label)).map(([version]) => version)

export const currentOf = (labels: Labels): string | undefined => holders(labels, 'AWSCURRENT')[0]
export const pendingOf = (labels: Labels): string[] => holders(labels, 'AWSPENDING')
/** On the current version it means nothing: AWS leaves it there after a success. */
export const stagedOf = (labels: Labels): string[] => {
  const current = currentOf(labels)
  return pendingOf(labels).filter(version => version !== current)
}
