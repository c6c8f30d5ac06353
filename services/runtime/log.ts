import { pino } from 'pino'

export type Log = (entry: object) => void

/**
 * Structured lines on stderr. An allow-list: only these fields are ever written, so that a field that holds something
 * secret by mistake has no way out.
 */
const allowed = new Set([
  'msg',
  'role',
  'pid',
  'lane',
  'cid',
  'sid',
  'store',
  'step',
  'code',
  'detail',
  'reason',
  'error',
  'topic',
  'partition',
  'offset',
  'outcome',
  'cause',
  'receipt',
  'event',
  'afterMs',
  'lagMs',
  'attempts',
  'port',
  'signal',
  'gaps',
  'bound',
  'window',
  'session',
  'ms',
  'operation',
  'result',
  'status',
  'level',
  'namespace',
  'facts',
  'wait',
  'plan',
  'by',
]) // prettier-ignore

export const openLog = (base: object, level: string): Log => {
  const logger = pino(
    { level, base, timestamp: pino.stdTimeFunctions.isoTime },
    pino.destination({ dest: 2, sync: true }),
  )
  return entry => {
    const kept = Object.fromEntries(
      Object.entries(entry)
        .filter(([name]) => allowed.has(name))
        .map(([name, value]) => [name, typeof value === 'string' ? value.slice(0, 400) : value]),
    )
    logger.info(kept)
  }
}
