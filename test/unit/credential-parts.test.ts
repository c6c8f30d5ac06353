import { describe, expect, it } from 'vitest'
import { credentialParts } from '../../services/intake/credential-parts.ts'

const parts = (text: string) => credentialParts(text).slice(1)

describe('a leaked text is known by its whole and by each field that bears a credential', () => {
  it.each<[string, string, string[]]>([
    ['a token is itself', 'hvs.CAESIJ', []],
    ['quotes', '"hvs.CAESIJ"', ['hvs.CAESIJ']],
    ['a URL with a login', 'postgres://app:p%40ss@db:5432/x', ['p%40ss', 'p@ss', 'app:p@ss']],
    ['a URL with a token for a name', 'https://ghp_0123456789abcdef@github.com/o/r', ['ghp_0123456789abcdef']],
    ['a URL with a token in its query', 'https://x.example/a?sig=0123456789abcdef&v=1', ['0123456789abcdef']],
    ['user:password', 'v-token-app-1:A1a-xyz', ['v-token-app-1', 'A1a-xyz']],
    ['a password with a colon', 'app:p:ss:word', ['p:ss:word', 'word']],
    ['a header', 'Authorization: Bearer hvs.CAESIJ', ['hvs.CAESIJ']],
    ['a basic header', `Basic ${Buffer.from('app:s3cret').toString('base64')}`, ['YXBwOnMzY3JldA==', 's3cret']],
  ])('%s', (_what, text, expected) => expect(parts(text).sort()).toEqual([...expected].sort()))

  it('JSON: leaves that are named like a credential or are as long as one', () => {
    const text = JSON.stringify({
      engine: 'postgres',
      port: 5432,
      password: 'p4ss',
      nested: { url: 'postgres://app:w0rd@h/d', accessKeys: ['AKIA'] },
      note: 'long-enough-to-be-one',
    })
    const found = parts(text)
    expect(found).toEqual(expect.arrayContaining(['p4ss', 'AKIA', 'w0rd', 'long-enough-to-be-one']))
    for (const plain of ['postgres', 'app', '5432']) expect(found).not.toContain(plain)
  })
  it('nothing short and common is ever a part: it would end what others hold', () => {
    for (const text of ['https://app:x@h', 'a:b', 'https://postgres@h/db', '{"password":"x"}', 'Bearer x'])
      for (const part of parts(text)) expect(part.length, `${text} -> ${part}`).toBeGreaterThanOrEqual(4)
  })
  it('many and deep fields are capped', () => {
    const deep = `${'{"key":'.repeat(5_000)}"value"${'}'.repeat(5_000)}`
    expect(credentialParts(deep).length).toBeLessThanOrEqual(32)
    const wide = JSON.stringify(Object.fromEntries(Array.from({ length: 5_000 }, (_, i) => [`key${i}`, `value-${i}`])))
    expect(credentialParts(wide).length).toBeLessThanOrEqual(32)
  })
  it('an empty text has no part', () => expect(credentialParts(' \n')).toEqual([]))
  it.each(['http://[', 'https://%', '{"a":', 'Basic !!', '\u0000:\u0000'])(
    'what only looks like one does no harm: %s',
    text => expect(credentialParts(text)[0]).toBe(text.trim()),
  )
})
