const units: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** `90s`, `10m`, `2h`, `1d` in ms; undefined: something else. */
export const spanMs = (text: string): number | undefined => {
  const [, number, unit = ''] = /^(\d{1,6})([smhd])$/.exec(text.trim()) ?? []
  const unitMs = units[unit]
  return number === undefined || unitMs === undefined ? undefined : Number(number) * unitMs
}
