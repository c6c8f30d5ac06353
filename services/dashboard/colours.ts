/** Series keep their colour while the page is open; colours differ in lightness too, for those who see few hues. */
const stores = 8
const given = new Map<string, number>()

const variable = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(name).trim()

export const storeColour = (store: string): string => variable(`--series-${storeNumber(store)}`)
export const storeNumber = (store: string): number => {
  const known = given.get(store) ?? given.size % stores
  given.set(store, known)
  return known
}

const causes: Record<string, number> = {
  leaked: 7,
  forced: 3,
  session_ended: 0,
  task_finished: 1,
  expired: 2,
  rotated: 4,
  idle: 5,
  unannounced: 6,
}
export const causeNumber = (cause: string): number | undefined => causes[cause]
export const causeColour = (cause: string): string => {
  const index = causeNumber(cause)
  return index === undefined ? variable('--muted') : variable(`--series-${index}`)
}
export const ink = (name: 'text' | 'muted' | 'grid' | 'bad'): string => variable(`--${name}`)
