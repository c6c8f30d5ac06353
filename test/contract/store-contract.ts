import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Credential, Store } from '../../services/pipeline/ports.ts'

export type ContractCredential = {
  credential: Credential
  /** The value itself, held by the test only. */
  value: string
  /** Tries the value at its door. A keeper has none: there its holder reads it. */
  opens(): Promise<boolean>
}
/** A store as the contract needs it: the real thing, and the same store where it cannot or may not act. */
export type ContractSubject = {
  store: Store
  issue(): Promise<ContractCredential>
  /** Well formed, but never issued. */
  unknown: Credential
  /** The same store where nothing listens, neither at the issuer nor at the target. */
  unreachable: Store
  /** The same store with a login that has no rights. */
  refused: Store
  /** The path whose right is missing, as a human must read it. */
  missingPath: string
  close(): Promise<void>
}

/** What every store keeps, run against the real thing. Only the test tries the value; the store never sees it. */
export const storeContract = ({ name, make }: { name: string; make: () => Promise<ContractSubject> }) =>
  describe(`${name} keeps the store contract`, () => {
    let subject: ContractSubject
    const results: unknown[] = []
    const values: string[] = []
    beforeAll(async () => {
      subject = await make()
    }, 120_000)
    afterAll(async () => subject?.close())

    const issue = async () => {
      const issued = await subject.issue()
      values.push(issued.value)
      return issued
    }
    const probe = async (store: Store, credential: Credential) => {
      const result = await store.probe(credential, 'kill')
      results.push(result)
      return result
    }
    const revoke = async (store: Store, credential: Credential) => {
      const result = await store.revoke(credential, 'kill')
      results.push(result)
      return result
    }

    test('a live credential is alive, and can be revoked', async () => {
      const { credential, opens } = await issue()
      expect(subject.store.impossible(credential)).toBeUndefined()
      expect(await opens()).toBe(true)
      expect(await probe(subject.store, credential)).toMatchObject({ state: 'alive' })
    })

    test('after its revocation the value is refused at the door, and the probe proves it', async () => {
      const { credential, opens } = await issue()
      expect(await opens()).toBe(true)
      expect(await revoke(subject.store, credential)).toEqual({ state: 'claimed' })
      expect(await opens()).toBe(false)
      const proof = await probe(subject.store, credential)
      expect(proof.state).toBe('dead')
      expect(['target', 'used']).toContain('evidence' in proof && proof.evidence)
    })

    test('revoking twice, and twice at once, is the same as once', async () => {
      const { credential, opens } = await issue()
      const steps = await Promise.all([1, 2, 3].map(() => revoke(subject.store, credential)))
      // The losers of a race may be told that the backend was busy; nobody is told that it is alive.
      expect(steps.filter(step => step.state === 'claimed').length).toBeGreaterThan(0)
      expect(await revoke(subject.store, credential)).toEqual({ state: 'claimed' })
      expect(await probe(subject.store, credential)).toMatchObject({ state: 'dead' })
      expect(await opens()).toBe(false)
    })

    test('revoking one credential leaves its neighbour alive', async () => {
      const [one, other] = [await issue(), await issue()]
      await revoke(subject.store, one.credential)
      expect(await probe(subject.store, other.credential)).toMatchObject({ state: 'alive' })
      expect(await other.opens()).toBe(true)
    })

    test('a handle that nobody issued is dead, and revoking it does no harm', async () => {
      expect(await probe(subject.store, subject.unknown)).toMatchObject({ state: 'dead' })
      expect(await revoke(subject.store, subject.unknown)).toEqual({ state: 'claimed' })
    })

    test('a store that cannot be reached says unknown, never dead', async () => {
      const { credential, opens } = await issue()
      const result = await probe(subject.unreachable, credential)
      expect(result).toMatchObject({ state: 'unknown', problem: { code: 'unreachable' } })
      expect(await revoke(subject.unreachable, credential)).toMatchObject({ state: 'failed' })
      expect(await opens()).toBe(true)
    })

    test('a store that refuses us says permission and names the missing path, and never dead', async () => {
      const { credential, opens } = await issue()
      expect(await probe(subject.refused, credential)).not.toMatchObject({ state: 'dead' })
      const step = await revoke(subject.refused, credential)
      expect(step).toMatchObject({ state: 'failed', problem: { code: 'permission' } })
      expect(step.state === 'failed' && step.problem.detail).toContain(subject.missingPath)
      expect(await opens()).toBe(true)
    })

    test('no result carries a value, and every detail is short', () => {
      expect(values.length).toBeGreaterThan(4)
      const said = JSON.stringify(results)
      for (const value of values) expect(said).not.toContain(value)
      for (const [, detail] of said.matchAll(/"detail":"([^"]*)"/g)) expect(detail?.length).toBeLessThanOrEqual(200)
    })
  })
