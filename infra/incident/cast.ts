import type { SampleCredential } from '../sample/issuer.ts'
import type { SampleWorld } from '../sample/stage.ts'

/** One credential in an agent's hand. */
export type Held = { session: string; credential: SampleCredential }
export type Agent = { agent: string; sessions: string[]; held: Held[] }

const atOnce = 8

/** Runs an agent: each of its sessions is announced and holds what `kinds` says, granted as any issuer would. */
export const runAgent = async (
  world: SampleWorld,
  agent: string,
  { sessions, kinds }: { sessions: number; kinds: Kind[] },
): Promise<Agent> => {
  const names = Array.from({ length: sessions }, (_, index) => `${agent}-${String(index + 1).padStart(2, '0')}`)
  const held: Held[] = []
  const run = async (session: string) => {
    await world.emitter.emit('curfew.session.started', { session, agent })
    for (const kind of kinds) {
      const credential = await issue[kind](world, session)
      await grant(world, session, credential)
      held.push({ session, credential })
    }
  }
  for (let start = 0; start < names.length; start += atOnce)
    await Promise.all(names.slice(start, start + atOnce).map(run))
  return { agent, sessions: names, held }
}

export type Kind = 'token' | 'login' | 'key' | 'oauth'
const issue: Record<Kind, (world: SampleWorld, session: string) => Promise<SampleCredential>> = {
  token: ({ issuer }, session) => issuer.token({ session }),
  login: ({ issuer }) => issuer.databaseLogin(),
  key: ({ others }) => others.mcpKey(),
  oauth: ({ others }) => others.oauthToken(),
}

const grant = async ({ emitter, seal, store }: SampleWorld, session: string, credential: SampleCredential) => {
  const sealed = await Promise.all(credential.values.map(seal))
  const value = credential.shown === undefined ? {} : { value: await seal(credential.shown) }
  await emitter.emit('curfew.credential.granted', { session, store, ...credential.grant, sealed, ...value })
}

/** How many of them open their doors at this moment; a door that does not answer opens for nobody and is counted apart. */
export const tryAll = async (
  held: readonly Held[],
): Promise<{ accepted: number; refused: number; unknown: number }> => {
  const counts = { accepted: 0, refused: 0, unknown: 0 }
  for (let start = 0; start < held.length; start += atOnce)
    for (const door of await Promise.all(held.slice(start, start + atOnce).map(one => one.credential.use())))
      counts[door] += 1
  return counts
}
