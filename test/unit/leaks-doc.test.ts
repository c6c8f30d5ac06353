import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { parse } from 'yaml'
import { leakDialects, senderConfig } from '../../schemas/inbox.ts'
import { inboxConfig } from '../support/inbox-world.ts'

const page = readFileSync(join(import.meta.dirname, '../../docs/leaks.md'), 'utf8')
const blocks = [...page.matchAll(/```yaml\n([\s\S]*?)```/g)].map(match => match[1] ?? '')

it('every config of docs/leaks.md is valid, and every leak dialect has one', () => {
  const senders = blocks.flatMap(block => (parse(block) as { inbox: { senders: { dialect: string }[] } }).inbox.senders)
  expect(inboxConfig(senders).inbox.senders.length).toBe(senders.length)
  const dialects = senders.map(one => one.dialect)
  expect(dialects).toEqual(expect.arrayContaining([...leakDialects, 'standard-webhooks']))
})

it('the numbers of docs/leaks.md are the code’s', () => {
  const of = (dialect: string, more: object = {}) => senderConfig.parse({ id: 'x', principal: 'p', dialect, ...more })
  const secrets = [{ file: 'f' }]
  expect(of('gitguardian', { secrets })).toMatchObject({ toleranceMs: 30_000, perMinute: 6_000 })
  expect(of('standard-webhooks', { secrets })).toMatchObject({ toleranceMs: 300_000, clear: false })
  expect(page).toContain(String((of('github-partner') as { keysUrl: string }).keysUrl))
})
