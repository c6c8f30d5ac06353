import type { Problem } from '../../pipeline/errors.ts'
import { errorText, type Reply, record } from '../reply.ts'
import { problemOf } from '../vault/answers.ts'
import type { MeteredCall } from '../vault/metered-call.ts'

/** One version as KV v2 answers it. `version`: its number. */
export type KvVersion = { version: number; data: Record<string, unknown> }
type Failed = { problem: Problem }

/** The calls of a KV v2 mount that a rotation needs (developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2). */
export const kvCalls = (call: MeteredCall, mount: string) => {
  const purpose = (operation: string, group: 'probe' | 'revoke') => ({ operation, group, lane: 'kill' }) as const
  return {
    /** `version` 0: there is none, or the newest one was deleted. */
    read: async (path: string): Promise<KvVersion | Failed> => {
      const reply = await call(purpose('kv.read', 'probe'), { method: 'GET', path: `${mount}/data/${path}` })
      if ('problem' in reply) return reply
      const { data, metadata } = record(record(reply.body).data)
      const number = Number(record(metadata).version ?? 0)
      if (reply.status === 200) return { version: number, data: record(data) }
      // A deleted newest version answers 404 with its metadata: the next check-and-set must name it.
      return reply.status === 404 ? { version: number, data: {} } : { problem: problemOf(reply) }
    },
    /** Check-and-set: `cas` is the newest version's number, 0 where there must be none. */
    write: async (
      path: string,
      data: Record<string, unknown>,
      cas: number,
    ): Promise<{ version: number } | { conflict: true } | Failed> => {
      const json = { data, options: { cas } }
      const reply = await call(purpose('kv.write', 'revoke'), { method: 'POST', path: `${mount}/data/${path}`, json })
      if ('problem' in reply) return reply
      const version = Number(record(record(reply.body).data).version)
      if (reply.status === 200 && Number.isInteger(version)) return { version }
      return reply.status === 400 && /check-and-set/i.test(errorText(reply))
        ? { conflict: true }
        : { problem: problemOf(reply) }
    },
    /** Numbers of the versions whose data is still there. */
    readable: async (path: string): Promise<{ versions: number[] } | Failed> => {
      const reply = await call(purpose('kv.metadata', 'probe'), { method: 'GET', path: `${mount}/metadata/${path}` })
      if ('problem' in reply) return reply
      if (reply.status === 404) return { versions: [] }
      if (reply.status !== 200) return { problem: problemOf(reply) }
      const versions = Object.entries(record(record(record(reply.body).data).versions))
      return { versions: versions.flatMap(([number, one]) => (record(one).destroyed === true ? [] : [Number(number)])) }
    },
    /** Destroys: what was only deleted comes back with one call. */
    destroy: async (path: string, versions: number[]): Promise<object | Failed> =>
      done(
        await call(purpose('kv.destroy', 'revoke'), {
          method: 'POST',
          path: `${mount}/destroy/${path}`,
          json: { versions },
        }),
      ),
    /** All versions and the path itself. */
    remove: async (path: string): Promise<object | Failed> =>
      done(await call(purpose('kv.remove', 'revoke'), { method: 'DELETE', path: `${mount}/metadata/${path}` })),
  }
}

const done = (reply: Reply): object | Failed => {
  if ('problem' in reply) return reply
  return reply.status === 204 || reply.status === 200 || reply.status === 404 ? {} : { problem: problemOf(reply) }
}
