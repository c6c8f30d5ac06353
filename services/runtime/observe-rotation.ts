import type { RotationEvent } from '../pipeline/rotation/ports.ts'
import type { Counters } from './counters.ts'
import type { Log } from './log.ts'

/** Ids, names of steps and codes only. */
export const observeRotation =
  (log: Log, counters: Counters, rotated: (secret: string, seconds: number) => void) =>
  (happened: RotationEvent): void => {
    const { secret } = happened
    switch (happened.event) {
      case 'rotation_ended':
        counters.add('curfew_rotations_total', { secret, result: happened.result })
        if (happened.result === 'done') rotated(secret, happened.ms / 1_000)
        break
      case 'rotation_problem':
        counters.add('curfew_rotation_problems_total', { secret, step: happened.step, code: happened.problem.code })
        break
      case 'rotation_stray':
        counters.add('curfew_rotation_strays_total', { secret })
        break
      default:
    }
    log({ msg: happened.event, level: happened.event === 'rotation_problem' ? 'warn' : 'info', ...happened })
  }
