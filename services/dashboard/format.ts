/** Numbers and times as people read them. All times are epoch ms; all clocks UTC. */

const two = (n: number) => String(n).padStart(2, '0')

/** `380 ms`, `2.1 s`, `38 s`, `4 min 12 s`, `3 h 05 min`, `5 d`. */
export const duration = (ms: number): string => {
  if (ms < 1_000) return `${Math.max(0, Math.round(ms))} ms`
  if (ms < 9_950) return `${(ms / 1_000).toFixed(1)} s`
  const seconds = Math.round(ms / 1_000)
  if (seconds < 60) return `${seconds} s`
  const with0 = (big: string, small: number, unit: string) => (small === 0 ? big : `${big} ${two(small)} ${unit}`)
  if (seconds < 3_600) return with0(`${Math.floor(seconds / 60)} min`, seconds % 60, 's')
  const hours = Math.floor(seconds / 3_600)
  return hours < 48 ? with0(`${hours} h`, Math.floor((seconds % 3_600) / 60), 'min') : `${Math.floor(hours / 24)} d`
}

/** For an age that is shown each second: whole seconds. */
export const age = (ms: number): string => (ms < 10_000 ? `${Math.max(0, Math.floor(ms / 1_000))} s` : duration(ms))

export const clock = (at: number): string => new Date(at).toISOString().slice(11, 19)
export const preciseClock = (at: number): string => new Date(at).toISOString().slice(11, 23)
/** `2026-11-29 12:41:17.004 UTC`: what stands on hover. */
export const moment = (at: number): string => `${new Date(at).toISOString().slice(0, 23).replace('T', ' ')} UTC`

export const fromNow = (at: number, now: number): string => (at > now ? `in ${age(at - now)}` : `${age(now - at)} ago`)

export const number = (n: number): string => n.toLocaleString('en-US')
export const count = (n: number, what: string): string => `${number(n)} ${what}${n === 1 ? '' : 's'}`

/** The ends of a long name say most: accessors and ARNs differ at the end. */
export const shortened = (text: string, most = 34): string => {
  if (text.length <= most) return text
  const head = Math.ceil((most - 1) * 0.45)
  return `${text.slice(0, head)}…${text.slice(text.length - (most - 1 - head))}`
}

/** `session_ended` -> `session ended`. */
export const words = (code: string): string => code.replaceAll('_', ' ')
