import { Redis } from 'ioredis'
import { alike, storeBudget } from '../../services/stores/budget.ts'

/** A process of its own that takes slots and is then killed: `node vault-budget-holder.ts <redis url> <prefix> <slots> <lease ms>`. */
const [url = '', prefix = '', slots = '1', leaseMs = '1000'] = process.argv.slice(2)
const budget = storeBudget({
  redis: new Redis(url),
  prefix,
  store: 'shared',
  limits: alike({ callsPerSecond: 1_000, burst: 100, inFlight: 4 }),
  leaseMs: Number(leaseMs),
  waitMs: 2_000,
})
for (let taken = 0; taken < Number(slots); taken += 1) {
  const slot = await budget.acquire('revoke', 'leak')
  if ('problem' in slot) throw new Error(slot.problem.detail)
}
process.stdout.write('held\n')
setInterval(() => undefined, 60_000)
