import type { Expected, SampleKind, Stage } from './stage.ts'

/** `name` is what people read in a report, `story` what happens; `play` makes it happen. */
export type Scenario = { name: string; story: string; expected: Expected; play(stage: Stage): Promise<void> }

/** How long the sample config lets a grant wait for its session's start. */
export const sampleGraceMs = 5_000
const shortMs = 2_500
const everyKind: SampleKind[] = ['token', 'db login', 'secret id', 'oauth token', 'mcp key', 'aws secret']
const vaultKinds: SampleKind[] = ['token', 'db login', 'secret id']
const dies = (cause: Expected['cause']): Expected => ({ outcome: 'verified', cause })
const atIso = (ms: number) => new Date(ms).toISOString()

/** An agent gets its credentials inside a task; then the task finishes. */
const finishes = (result: 'completed' | 'failed' | 'cancelled', kinds: SampleKind[]): Scenario => ({
  name: `task ${result}`,
  story: `the agent's task is ${result}`,
  expected: dies('task_finished'),
  play: async stage => {
    const held = await stage.issue(...kinds)
    await stage.start()
    await stage.grant(held, { task: 'task-1' })
    await stage.finishTask('task-1', result)
    stage.due(held)
  },
})

export const scenarios: readonly Scenario[] = [
  finishes('completed', everyKind),
  {
    name: 'announced late',
    story: "the session's start comes after the grant, inside the grace: untouched until the session ends",
    expected: dies('session_ended'),
    play: async stage => {
      const held = await stage.issue('token')
      await stage.grant(held)
      const graceUntil = Date.now() + sampleGraceMs
      await stage.pause(sampleGraceMs / 5)
      await stage.start()
      // Unannounced grants are taken by the caught-up tick, every second: two of them have passed.
      await stage.staysOpenUntil(graceUntil + 2_000, held)
      await stage.end()
      stage.due(held)
    },
  },
  {
    name: 'session ended',
    story: 'the agent says goodbye',
    expected: dies('session_ended'),
    play: async stage => {
      const held = await stage.issue(...everyKind)
      await stage.start()
      await stage.grant(held)
      await stage.end()
      stage.due(held)
    },
  },
  {
    name: 'never announced',
    story: 'nobody ever tells of the session: the grant dies after the grace',
    expected: dies('unannounced'),
    play: async stage => {
      const held = await stage.issue('token')
      await stage.grant(held)
      stage.due(held, Date.now() + sampleGraceMs)
    },
  },
  {
    name: 'expired',
    story: 'the time that was granted runs out, while the store would go on accepting for an hour',
    expected: dies('expired'),
    play: async stage => {
      const held = await stage.issue(...everyKind)
      await stage.start()
      const expiresAt = Date.now() + shortMs
      await stage.grant(held, { expiresAt: atIso(expiresAt), renewable: false })
      stage.due(held, expiresAt)
    },
  },
  {
    name: 'leaked',
    story: 'a scanner finds the values in a repository',
    expected: dies('leaked'),
    play: async stage => {
      const held = await stage.issue(...everyKind)
      await stage.start()
      await stage.grant(held)
      await stage.leak(held)
      stage.due(held)
    },
  },
  {
    name: 'maximum life',
    story: 'the agent goes on past the longest life of its session',
    expected: dies('max_life'),
    play: async stage => {
      const held = await stage.issue(...vaultKinds)
      await stage.start({ maxLifeMs: shortMs })
      const startedAt = Date.now()
      await stage.grant(held)
      stage.due(held, startedAt + shortMs)
    },
  },
  {
    name: 'idle',
    story: 'the agent goes silent',
    expected: dies('idle'),
    // No heartbeat: activity is rounded up to the minute, and one would keep the session for as long.
    play: async stage => {
      const held = await stage.issue('token', 'db login')
      await stage.start({ idleMs: shortMs })
      const startedAt = Date.now()
      await stage.grant(held)
      stage.due(held, startedAt + shortMs)
    },
  },
  {
    name: 'late grant',
    story: 'the grant is told after its session ended',
    expected: dies('session_ended'),
    play: async stage => {
      const held = await stage.issue('token', 'secret id')
      await stage.start()
      await stage.end()
      await stage.grant(held)
      stage.due(held)
    },
  },
  finishes('failed', ['token', 'db login']),
  {
    name: 'leaked before granted',
    story: 'a scanner was faster than the issuer',
    expected: dies('leaked'),
    play: async stage => {
      const held = await stage.issue('token', 'db login')
      await stage.leak(held)
      await stage.start()
      await stage.grant(held)
      stage.due(held)
    },
  },
  {
    name: 'cannot be revoked',
    story:
      'a batch token, a JWT that nobody looks up, a version of a shared secret, a key that a server has from its environment: said at once',
    expected: { outcome: 'impossible', cause: 'first_probe' },
    play: async stage => {
      const held = await stage.issue('batch token', 'jwt', 'shared', 'env key')
      await stage.start()
      await stage.grant(held)
    },
  },
  finishes('cancelled', ['token', 'secret id']),
  {
    name: 'standing key rotated',
    story:
      'the session read the static key of an MCP server: it is rotated when the session ends, and the old key dies',
    expected: dies('session_ended'),
    play: async stage => {
      const held = await stage.issue('notes key')
      await stage.start()
      await stage.grant(held)
      await stage.end()
      stage.due(held)
    },
  },
  {
    name: 'standing key leaked',
    story: 'a scanner finds the static key of an MCP server: another one takes its place at once, no old version stays',
    expected: dies('leaked'),
    play: async stage => {
      const held = await stage.issue('search key')
      await stage.start()
      await stage.grant(held)
      await stage.leak(held)
      stage.due(held)
    },
  },
]
