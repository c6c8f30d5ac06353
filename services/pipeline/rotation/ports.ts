import type { SecretConfig } from '../../../schemas/secrets.ts'
import type { Problem } from '../errors.ts'
import type { Failed } from '../keeper-port.ts'
import type { WorkParts } from '../ports.ts'

export type RotationParts = WorkParts & {
  /** This process: who holds a fence. */
  holder: string
  fingerprint(value: string): string
  seal(cid: string, value: string): { id: string; blob: string }
  /** Tells the consumers that there is a new version. */
  tellConsumers(secret: SecretConfig, rotation: string, keeperVersion: string): Promise<object | Failed>
  /** A word that nobody ever issued. */
  random(): string
  pause(ms: number): Promise<unknown>
  observeRotation(event: RotationEvent): void
}
export type RotationEvent =
  | { event: 'rotation_requested'; secret: string; rotation: string; cause: string; compromised: boolean }
  | { event: 'rotation_step'; secret: string; rotation: string; step: string; ms?: number }
  | {
      event: 'rotation_ended'
      secret: string
      rotation: string
      result: string
      reason?: string | undefined
      ms: number
    }
  | { event: 'rotation_problem'; secret: string; rotation: string; step: string; problem: Problem }
  | { event: 'rotation_stray'; secret: string; rotation: string; handle: string }
