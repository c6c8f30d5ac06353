import { type Credential, doorWitness, type Impossible, type Lane, type ProbeResult } from '../../pipeline/ports.ts'
import type { DoorAnswer } from '../door.ts'
import type { Introspected } from './answers.ts'
import type { Server } from './discovery.ts'
import type { Endpoints } from './endpoints.ts'
import { selfContained } from './jwt-shape.ts'

/** Uses an access token where agents use it; undefined: there is no such place. */
export type TryDoor = ((token: string, lane: Lane) => Promise<DoorAnswer>) | undefined

/**
 * Alive if the issuer or the door says so. Dead only if the issuer calls it inactive *and* the door refuses it, where there is
 * one. `witness`: the issuer may call a living token inactive to a client that it does not concern (RFC 7662 section 2.2). In
 * the same way a door that never accepted this token (another audience, a door that refuses everybody) proves nothing with a refusal.
 */
export const probeToken = async (
  parts: { endpoints: Endpoints; tryDoor: TryDoor; witness: string },
  server: Server,
  credential: Credential,
  token: string,
  lane: Lane,
  stepped: boolean,
): Promise<ProbeResult> => {
  const { endpoints, witness } = parts
  const isRefresh = credential.kind === 'oauth.refresh-token'
  // Using a refresh token would rotate it.
  const tryDoor = isRefresh ? undefined : parts.tryDoor
  if (server.introspection_endpoint === undefined && !tryDoor) return cannotBeProbed
  const issuer = await askIssuer(endpoints, server, token, lane, stepped)
  const openedBefore = credential.witnesses?.includes(doorWitness) ?? false
  if (issuer?.state === 'active' && (!tryDoor || openedBefore))
    return { state: 'alive', evidence: 'target', witnesses: [witness] }
  const door = await tryDoor?.(token, lane)
  if (issuer?.state === 'active')
    return door?.state === 'accepted'
      ? { state: 'alive', evidence: 'used', witnesses: [witness, doorWitness] }
      : { state: 'alive', evidence: 'target', witnesses: [witness] }
  if (door?.state === 'accepted') return { state: 'alive', evidence: 'used', witnesses: [doorWitness] }
  if (door?.state === 'unknown') return door
  if (issuer?.state === 'unknown') return issuer
  const unstoppable = neverSeenJwt(credential, token)
  if (unstoppable) return unstoppable
  if (issuer?.state === 'unsupported' && !door) return cannotBeProbed
  const byDoor = door !== undefined && (openedBefore || issuer?.state !== 'inactive')
  // A refresh token is used at its issuer only.
  const jwt = isRefresh || byDoor ? undefined : honoured(token)
  return {
    state: 'dead',
    evidence: byDoor ? 'used' : jwt ? 'issuer' : 'target',
    witnesses: [byDoor ? doorWitness : witness],
    ...(jwt ? { exposedUntil: jwt.expiresAt } : {}),
    ...(isRefresh ? { onlyAfterStep: 'rotated or revoked by somebody else: a successor may live' } : {}),
  }
}

/**
 * Alive may be said on a kept connection. "Inactive" may become a proof: it is asked for again on a fresh one, and that answer
 * counts. Right after a step the proof is asked for at once.
 */
const askIssuer = async (
  endpoints: Endpoints,
  server: Server,
  token: string,
  lane: Lane,
  stepped: boolean,
): Promise<Introspected | undefined> => {
  if (server.introspection_endpoint === undefined) return undefined
  const glance = stepped ? undefined : await endpoints.introspect(server, token, lane, false)
  if (glance && glance.state !== 'inactive') return glance
  return endpoints.introspect(server, token, lane, true)
}

/** Who checks only its signature accepts it until its end, whatever the issuer says of it. Undefined: opaque, or expired. */
const honoured = (token: string) => {
  const jwt = selfContained(token)
  return jwt && (jwt.expiresAt ?? Number.POSITIVE_INFINITY) > Date.now() ? jwt : undefined
}

const neverSeenJwt = ({ seenAt }: Credential, token: string): Impossible | undefined => {
  const jwt = seenAt === undefined ? honoured(token) : undefined
  if (!jwt) return undefined
  const reason = 'a self-contained JWT that the issuer does not look up: honoured until it expires'
  return { state: 'impossible', reason, exposedUntil: jwt.expiresAt }
}

const cannotBeProbed: Impossible = {
  state: 'impossible',
  reason: 'cannot be probed: the issuer does not introspect it, and no door is configured',
}
