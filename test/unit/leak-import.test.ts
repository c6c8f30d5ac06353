import { generateKeyPairSync } from 'node:crypto'
import { compactDecrypt, importJWK } from 'jose'
import { describe, expect, it } from 'vitest'
import { type CliOptions, cli } from '../support/cli-world.ts'

const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const publicKey = { ...keys.publicKey.export({ format: 'jwk' }), alg: 'ECDH-ES+A256KW', kid: 'i1' }
const privateKey = await importJWK({ ...keys.privateKey.export({ format: 'jwk' }), alg: 'ECDH-ES+A256KW' })
const values = ['s3cret-value-1', 's3cret-value-2']
const finding = (Secret: string, StartLine = 1) => ({ RuleID: 'generic-api-key', File: 'a.py', StartLine, Secret })
const report = (...rows: object[]) => JSON.stringify(rows)
const matched = (...counts: [alive: number, dead: number][]) => ({
  facts: 1,
  findings: counts.map(([alive, dead], i) => ({ id: String(i), matched: { alive, dead } })),
})

const importing = (text: string, answer: object | object[], argv: string[] = [], options: CliOptions = {}) =>
  cli(['leak', 'import', 'report.json', ...argv], {
    files: { 'report.json': text },
    answers: {
      'GET /v1/keys': { json: { keys: [publicKey] } },
      'POST /v1/leaks': [answer].flat().map(json => ({ status: 202, json })),
    },
    ...options,
  })

describe('curfew leak import', () => {
  it('says of each finding what it met: exit 0', async () => {
    const text = report(finding(values[0] ?? ''), finding(values[1] ?? '', 2))
    const { out, err, exitCode } = await importing(text, matched([2, 1], [0, 0]))
    expect(out.split('\n')).toEqual([
      'TAKEN  2 findings: 1 matched, 1 no match.',
      '',
      '  RESULT                            DETECTOR         WHERE',
      '  matched 3 grants, 1 dead already  generic-api-key  a.py:1',
      '  no match                          generic-api-key  a.py:2',
      '',
      'What has no match is remembered: a credential that is granted with it later dies',
      'at once.',
      'next: curfew receipts --since-minutes 5   shows the deaths',
    ])
    expect([exitCode, err]).toEqual([0, ''])
  })

  it('every value leaves sealed to the public key, and none is printed', async () => {
    const text = report(...values.map((value, i) => finding(value, i)))
    const { out, err, asked } = await importing(text, matched([1, 0], [0, 0]), ['--json'])
    const sent = asked.find(({ path }) => path === '/v1/leaks')?.body as {
      findings: { id: string; sealed: string[] }[]
    }
    const opened = await Promise.all(
      sent.findings.map(async ({ sealed }) => {
        const { plaintext } = await compactDecrypt(sealed[0] ?? '', privateKey)
        return new TextDecoder().decode(plaintext)
      }),
    )
    expect(opened).toEqual(values)
    for (const value of values) expect(JSON.stringify([asked, out, err])).not.toContain(value)
  })

  it('a dry run asks, and is exit 1 where something that leaked is alive', async () => {
    const text = report(finding(values[0] ?? ''))
    const alive = await importing(text, matched([1, 0]), ['--dry-run'])
    expect(alive.asked.at(-1)?.body).toMatchObject({ dryRun: true })
    expect([alive.exitCode, alive.out.includes('ASKED  1 finding: 1 matched')]).toEqual([1, true])
    expect((await importing(text, matched([0, 1]), ['--dry-run'])).exitCode).toBe(0)
  })

  it('a redacted report says so, sends nothing, and is exit 3', async () => {
    const { out, exitCode, asked } = await importing(report(finding('REDACTED'), finding('s3cr...')), {})
    expect([exitCode, asked]).toEqual([3, []])
    expect(out).toContain('TAKEN  2 findings: 0 matched, 0 no match, 2 redacted.')
    expect(out).toContain('scan again without --redact')
  })

  it('a secret that stands in many places is sent once, and each place is told', async () => {
    const rows = Array.from({ length: 300 }, (_, i) => finding(values[0] ?? '', i))
    const { out, asked } = await importing(report(...rows), matched([1, 0]), ['--json'])
    expect(asked.filter(({ path }) => path === '/v1/leaks').length).toBe(1)
    expect(JSON.parse(out).findings.filter((one: { result: string }) => one.result === 'matched').length).toBe(300)
  })

  it('a large report goes in pieces that the API takes, in order', async () => {
    const rows = Array.from({ length: 250 }, (_, i) => finding(`value-number-${i}`, i))
    const pieces = [100, 100, 50].map(n => matched(...Array.from({ length: n }, (): [number, number] => [0, 0])))
    const { asked, out } = await importing(report(...rows), pieces)
    const sent = asked.flatMap(({ path, body }) => (path === '/v1/leaks' ? [body as { findings: unknown[] }] : []))
    expect(sent.map(({ findings }) => findings.length)).toEqual([100, 100, 50])
    for (const body of sent) expect(JSON.stringify(body).length).toBeLessThan(256 * 1024)
    expect(out).toContain('and 200 more: --json lists all')
  })

  it('the same report again makes the same statements', async () => {
    const ids = async () => {
      const { asked } = await importing(report(finding(values[0] ?? '')), matched([0, 0]))
      const body = asked.at(-1)?.body as { findings: { id: string }[] } | undefined
      return body?.findings.map(({ id }) => id)
    }
    expect(await ids()).toEqual(await ids())
  })

  it('while the state cannot be read the leak is taken, and that is said', async () => {
    const { out, exitCode } = await importing(report(finding(values[0] ?? '')), { facts: 1, findings: [{ id: '0' }] })
    expect(exitCode).toBe(0)
    expect(out).toContain('1 unknown')
    expect(out).toContain('what is recorded acts all the same')
  })

  it('a report from stdin, and a report with no findings', async () => {
    const { out } = await cli(['leak', 'import', '-'], { stdin: '[]' })
    expect(out).toBe('The report has no findings.')
  })

  it.each([
    ['what is no report', 'hunter2', [], /Cannot read report\.json: the report is of no known format/],
    [
      'another format than asked for',
      report(finding('hunter2')),
      ['--format', 'trufflehog'],
      /nothing that trufflehog/,
    ],
    ['an unknown format', '[]', ['--format', 'fax'], /choices are auto, trufflehog/],
  ])('%s is exit 64, says what to type, and quotes nothing', async (_what, text, argv, message) => {
    const { err, out, exitCode, asked } = await importing(text, {}, argv)
    expect([exitCode, out, asked]).toEqual([64, '', []])
    expect(err).toMatch(message)
    expect(err).toContain('next: ')
    expect(err).not.toContain('hunter2')
  })

  it('a file that is not there is exit 64', async () => {
    const { exitCode, err } = await cli(['leak', 'import', 'absent.json'])
    expect([exitCode, err]).toEqual([64, 'Cannot read absent.json (ENOENT).\nnext: curfew help leak'])
  })

  it('help says what can be typed', async () => {
    const { out, exitCode } = await cli(['help', 'leak'])
    expect([exitCode, out.includes('import [options] <report>')]).toEqual([0, true])
  })
})
