import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { tryAll } from '../../infra/incident/cast.ts'
import { type Incident, openIncident } from '../../infra/incident/open-incident.ts'
import { closing } from '../../infra/start/closing.ts'
import { type Terminal, terminal } from '../support/transcript.ts'
import { until } from '../support/until.ts'

/** The scripted incident, from a terminal only. With CURFEW_WRITE_DOCS=1 its transcript becomes docs/incident.md. */
const life = closing()
const dir = mkdtempSync(join(tmpdir(), 'curfew-incident-'))
let incident: Incident
let shell: Terminal

beforeAll(async () => {
  const never = new AbortController().signal
  incident = await openIncident({
    life,
    interrupted: { signal: never, during: work => work, failOn: () => undefined },
    onForce: () => undefined,
    processes: [['ledger'], ['intake'], ['work'], ['api']],
    folder: dir,
    keysDir: join(dir, 'keys'),
    apiDir: dir,
    apiPort: 0,
  })
  shell = terminal({ CURFEW_STATE_DIR: dir, NO_COLOR: '1', COLUMNS: '80' }, text =>
    text.replaceAll(dir, '/var/lib/curfew').replaceAll(/\/var\/lib\/curfew\/(key|kept)\.json/g, '$1.json'),
  )
}, 300_000)
afterAll(async () => {
  await life.close()
  rmSync(dir, { recursive: true, force: true })
}, 120_000)

const found = (text: string, pattern: RegExp): string => {
  const hit = pattern.exec(text)?.[0]
  if (hit === undefined) throw new Error(`nothing like ${pattern} in:\n${text}`)
  return hit
}
/** Quietly, until it says so. */
const statusSays = (pattern: RegExp) =>
  until(
    `curfew status says ${pattern}`,
    async () => pattern.test((await shell.type(['status'], { quiet: true })).text),
    { withinMs: 120_000, everyMs: 1_000 },
  )

it('what is alive and why is found in one screen', async () => {
  shell.say(intro)
  await statusSays(/10 credentials alive past due/)
  const status = await shell.type(['status'])
  expect(status.exitCode).toBe(1)
  expect(status.text).toMatch(/NOT WELL {2}10 credentials alive past due.*\n/)
  expect(status.text).toMatch(/why mcp-keys is blocked: unreachable/)
  shell.say('Ten keys outlive their sessions, because the key product is away. Why one of them is alive:')
  const past = await shell.type(['grants', '--alive-past-due', '--json'], { quiet: true })
  const { grants } = JSON.parse(past.text) as { grants: { grant: string }[] }
  const story = await shell.type(['explain', grants[0]?.grant.slice(0, 8) ?? ''])
  expect(story.text).toMatch(/session ended[\s\S]*ALIVE, .* past due\. Blocked/)
  const doctor = await shell.type(['doctor', 'mcp-keys'])
  expect(doctor.exitCode).toBe(2)
}, 300_000)

it('two hundred credentials of one agent die by a plan that two persons stand for, and nobody else’s', async () => {
  shell.say('INC-2231: the agent rogue-bot is compromised. All that it holds, in every session of it, first as a plan:')
  const planned = await shell.type(['revoke', '--principal', 'agent:rogue-bot', '--reason', 'INC-2231 compromised'])
  expect(planned.text).toMatch(/PLAN {2}\d+ credentials .*40 sessions[\s\S]*Over the cap of 100/)
  const plan = found(planned.text, /pl_[0-9a-f]+/)
  expect((await shell.type(['revoke', '--apply', plan])).exitCode).toBe(77)
  shell.say('The second person, at another terminal with a token of their own:')
  const { url } = JSON.parse(readFileSync(join(dir, 'api.json'), 'utf8')) as { url: string }
  const second = { CURFEW_URL: url, CURFEW_TOKEN: incident.approverToken }
  expect((await shell.type(['approve', plan], { as: second })).exitCode).toBe(0)
  const applied = await shell.type(['revoke', '--apply', plan, '--timeout', '30'])
  expect([applied.exitCode, found(applied.text, /PARTLY DONE.*/)]).toEqual([3, 'PARTLY DONE  120 dead, 40 blocked.'])
  shell.say(
    '120 are dead and proven. Forty keys wait for the key product; its vendor brings it back. The same command goes on:',
  )
  await incident.storeReturns()
  const rest = await shell.type(['revoke', '--apply', plan, '--timeout', '90'])
  expect([rest.exitCode, found(rest.text, /DONE.*/)]).toEqual([0, 'DONE  160 dead.'])
  shell.say('The proof:')
  const receipts = await shell.type(['receipts', '--plan', plan, '--limit', '4'])
  expect(receipts.text).toMatch(/verified .*forced/)
  expect(await tryAll(incident.rogue.held)).toEqual({ accepted: 0, refused: 200, unknown: 0 })
  expect(await tryAll(incident.innocent.held)).toEqual({ accepted: 20, refused: 0, unknown: 0 })
}, 300_000)

it('what was missed is taken in again: the difference first, then once', async () => {
  shell.say('Is anything missing? A release of tonight sends what nobody allowed, and what is no event:')
  const letters = await shell.type(['dlq', '--limit', '4'])
  expect(letters.text).toMatch(/15 open dead letters: not_allowed 12, not_json 3/)
  expect((await tryAll(incident.unknown.held)).accepted).toBe(12)
  const before = await shell.type(['replay', '--dead-letters'])
  expect(before.text).toMatch(/15 still refused[\s\S]*Nothing would change/)
  shell.say(
    'The config was forgotten. It is mended (`may.grant` of the issuer), and every process starts again with it:',
  )
  incident.mendConfig()
  let plan = ''
  await until(
    'the mended config is understood',
    async () => {
      const { text } = await shell.type(['replay', '--dead-letters'], { quiet: true })
      plan = /24 facts new/.test(text) ? found(text, /rp_[0-9a-f]+/) : ''
      return plan !== ''
    },
    { withinMs: 120_000, everyMs: 1_000 },
  )
  const understood = await shell.type(['replay', '--dead-letters'])
  expect(understood.text).toMatch(/resolves 12 dead letters/)
  const done = await shell.type(['replay', '--apply', found(understood.text, /rp_[0-9a-f]+/)])
  expect(done.text).toMatch(/PARTLY DONE {2}24 facts appended, 12 dead letters resolved, 3 still refused/)
  shell.say('Those sessions had ended: what they hold dies as soon as it is known.')
  await statusSays(/^WELL {2}0 alive past due.*213 died/)
  expect((await shell.type(['status'])).exitCode).toBe(0)
  expect(await tryAll(incident.unknown.held)).toEqual({ accepted: 0, refused: 12, unknown: 0 })
  const again = await shell.type(['replay', '--since', '30m'])
  expect(again.text).toMatch(/ 0 facts new/)
}, 300_000)

it('the auditor verifies the receipts offline, with the public key and the checkpoint that they hold', async () => {
  shell.say('For the auditor: the public key once, a checkpoint now and then, and the files.')
  const file = (name: string) => join(dir, name)
  const key = await shell.type(['audit', 'key'], { quiet: true })
  writeFileSync(file('key.json'), key.text)
  const audit = ['audit', 'verify', incident.auditDir, '--key', file('key.json')]
  await until(
    'every receipt is signed',
    async () => {
      const kept = await shell.type(['audit', 'checkpoint', incident.auditDir], { quiet: true })
      writeFileSync(file('kept.json'), kept.text)
      const { text } = await shell.type([...audit, '--json'], { quiet: true })
      const { receipts, unsigned } = JSON.parse(text) as { receipts: number; unsigned: number }
      return receipts >= 213 && unsigned === 0
    },
    { withinMs: 90_000, everyMs: 1_000 },
  )
  const verified = await shell.type([...audit, '--since', file('kept.json')])
  expect([verified.exitCode, found(verified.text, /AUDIT VERIFIED/)]).toEqual([0, 'AUDIT VERIFIED'])
  if (process.env.CURFEW_WRITE_DOCS)
    writeFileSync(join(import.meta.dirname, '../../docs/incident.md'), shell.markdown())
}, 300_000)

const intro = `# An incident, from a terminal

It is 3 a.m. The pager says that credentials are alive past due; an agent, rogue-bot, does what nobody asked it to; and tonight's release
was a bad one. This is the transcript of \`test/e2e/incident.test.ts\` on the real local stack (\`CURFEW_WRITE_DOCS=1\` writes it), an outside prober
agreeing: at the end all 200 credentials of rogue-bot are refused at their doors, and the 20 of another agent are accepted. To practise: \`npm run incident\`.`
