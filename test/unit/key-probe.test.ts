import { describe, expect, it } from 'vitest'
import type { Credential } from '../../services/pipeline/ports.ts'
import type { DoorAnswer } from '../../services/stores/door.ts'
import { type KeyProbeParts, probeKey } from '../../services/stores/key-api/key-probe.ts'
import type { Status } from '../../services/stores/key-api/verdict.ts'

const problem = { code: 'protocol', detail: 'an answer that says nothing' } as const
const accepted: DoorAnswer = { state: 'accepted' }
const refused: DoorAnswer = { state: 'refused' }
const unclear: DoorAnswer = { state: 'unknown', problem }
const alive: Status = { state: 'alive', at: 7, began: 6 }
const dead: Status = { state: 'dead', at: 7, began: 6 }
const absent: Status = { state: 'absent', at: 7, began: 6 }
const unknown: Status = { state: 'unknown', problem }
const putOff: Status = { state: 'unknown', problem: { code: 'throttled', detail: 'not due yet', putOff: true } }

type World = {
  seenAt?: undefined
  status?: Status
  door?: DoorAnswer
  absent?: KeyProbeParts['absent']
  witnesses?: string[]
}
const probe = ({ status, door, absent = 'dead', witnesses = [], ...seen }: World) => {
  const credential: Credential = { kind: 'api.key', handle: 'k', seenAt: 1, witnesses, ...seen }
  const parts: KeyProbeParts = {
    status: status && (() => Promise.resolve(status)),
    tryDoor: door && (() => Promise.resolve(door)),
    absent,
    actsAs: 'admin',
  }
  return probeKey(parts, credential, 'kill')
}

describe('what is believed of a key', () => {
  it.each<[string, World, object]>([
    [
      'the product shows it, no door',
      { status: alive },
      { state: 'alive', evidence: 'target', witnesses: ['admin'], at: 7 },
    ],
    [
      'the product shows it and the door accepts it: from now on both are witnesses',
      { status: alive, door: accepted },
      { state: 'alive', evidence: 'used', witnesses: ['admin', 'door'] },
    ],
    [
      'the product shows it and the door refuses it: it lives',
      { status: alive, door: refused },
      { state: 'alive', witnesses: ['admin'] },
    ],
    ['the product calls it dead, no door', { status: dead }, { state: 'dead', evidence: 'target', at: 7 }],
    [
      'the product calls it dead and the door accepts it: it lives',
      { status: dead, door: accepted },
      { state: 'alive', evidence: 'used' },
    ],
    ['the product calls it dead and the door says nothing', { status: dead, door: unclear }, { state: 'unknown' }],
    [
      'the product calls it dead and the door, which accepted it before, refuses it',
      { status: dead, door: refused, witnesses: ['admin', 'door'] },
      { state: 'dead', evidence: 'used', witnesses: ['door'] },
    ],
    [
      'the product calls it dead and a door that never accepted it refuses it: the word of the product, no use of it',
      { status: dead, door: refused, witnesses: ['admin'] },
      { state: 'dead', evidence: 'target' },
    ],
    [
      'it is not there, and revoking removes it: the word of this login',
      { status: absent },
      { state: 'dead', evidence: 'target', witnesses: ['admin'] },
    ],
    ['it is not there, and that proves nothing here', { status: absent, absent: 'unknown' }, { state: 'unknown' }],
    [
      'it is not there, that proves nothing here, and a door that never accepted it refuses it',
      { status: absent, absent: 'unknown', door: refused },
      { state: 'unknown' },
    ],
    [
      'it is not there, that proves nothing here, and the door that accepted it refuses it',
      { status: absent, absent: 'unknown', door: refused, witnesses: ['door'] },
      { state: 'dead', evidence: 'used' },
    ],
    [
      'the product cannot be asked now: a refusal at the door alone is no proof (a broken database refuses living keys)',
      { status: unknown, door: refused, witnesses: ['admin', 'door'] },
      { state: 'unknown' },
    ],
    [
      'a budget keeps us from asking the product, and the door accepts what nobody saw alive yet: seen alive',
      { seenAt: undefined, status: putOff, door: accepted },
      { state: 'alive', evidence: 'used', witnesses: ['door'] },
    ],
    [
      'a budget keeps us from asking the product, and the door accepts what was seen alive: the next look says',
      { status: putOff, door: accepted },
      { state: 'unknown' },
    ],
    [
      'the product cannot be reached, and the door accepts what nobody saw alive yet: the store is unknown',
      { seenAt: undefined, status: unknown, door: accepted },
      { state: 'unknown' },
    ],
    [
      'a budget keeps us from asking the product, and the door refuses what nobody saw alive yet',
      { seenAt: undefined, status: putOff, door: refused },
      { state: 'unknown' },
    ],
    [
      'the product can never be asked: the door decides',
      { door: refused, witnesses: ['door'] },
      { state: 'dead', evidence: 'used', witnesses: ['door'] },
    ],
    ['nobody can be asked', {}, { state: 'impossible' }],
  ])('%s', async (_, world, said) => expect(await probe(world)).toMatchObject(said))

  it('a death by the word of the product needs no witness, an absence does', async () => {
    expect(await probe({ status: dead })).not.toHaveProperty('witnesses')
    expect(await probe({ status: absent })).toHaveProperty('witnesses', ['admin'])
  })
})
