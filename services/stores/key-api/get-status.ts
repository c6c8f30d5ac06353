import type { Preset } from '../../../schemas/preset.ts'
import type { Lane } from '../../pipeline/ports.ts'
import { at } from '../answer-fits.ts'
import type { Names } from '../template.ts'
import { fitter, type ProductCall, problemOf } from './product-call.ts'
import { type Status, standing, unclear } from './verdict.ts'

type Getting = NonNullable<NonNullable<Preset['status']>['get']>
type Parts = { preset: Preset; getting: Getting; budget: string; call: ProductCall }

/** Status of one key, asked for on a connection that nobody used before: the answer may become a proof. */
export const getStatus =
  ({ preset, getting, budget, call }: Parts) =>
  async (names: Names, lane: Lane): Promise<Status> => {
    const { request } = getting
    const began = Date.now()
    const reply = await call({ operation: 'get', request, budget, lane, names, fresh: true })
    const now = Date.now()
    const fits = fitter(preset)
    if (fits(getting.absent, reply)) return { state: 'absent', at: now, began }
    if (!fits(getting.found, reply)) return { state: 'unknown', problem: problemOf(reply, request) }
    const item = at(reply.body, getting.item)
    const shown = standing(preset, item)
    return shown === 'unclear' ? { state: 'unknown', problem: unclear(item) } : { state: shown, at: now, began }
  }
