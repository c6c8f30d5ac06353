import { expect, it } from 'vitest'
import type { Reply } from '../../services/stores/reply.ts'
import { auditHash } from '../../services/stores/vault/audit-hash.ts'

const hex = 'a'.repeat(64)
const hashing = (reply: () => Promise<Reply>) => {
  const asked: string[] = []
  const ask = auditHash((_purpose, { path }) => {
    asked.push(path)
    return reply()
  }, 'file')
  return { ask, asked }
}

it('the hash that the device would write, without its prefix', async () => {
  const { ask, asked } = hashing(() => Promise.resolve({ status: 200, body: { data: { hash: `hmac-sha256:${hex}` } } }))
  expect(await ask('value')).toEqual({ hex })
  expect(asked).toEqual(['sys/audit-hash/file'])
})

it('an answer that is no hash is a problem: it is never taken for "not known there"', async () => {
  for (const body of [{}, { data: { hash: 'value' } }, { data: { hash: `hmac-sha256:${hex}0` } }, undefined])
    expect(await hashing(() => Promise.resolve({ status: 200, body })).ask('value')).toHaveProperty('problem')
})

it('after a failure it rests: a thousand leaks do not each wait for a server that is silent', async () => {
  const { ask, asked } = hashing(() => Promise.resolve({ problem: { code: 'timeout', detail: 'silent' } }))
  for (let at = 0; at < 1_000; at += 1) expect(await ask(`leak ${at}`)).toEqual({ problem: expect.anything() })
  expect(asked.length).toBeLessThan(5)
})

it('a server that hangs is given up before a consumer would lose its session', async () => {
  const { ask } = hashing(() => new Promise(() => undefined))
  const started = performance.now()
  expect(await ask('value')).toMatchObject({ problem: { code: 'timeout' } })
  expect(performance.now() - started).toBeLessThan(4_000)
})
