import { doorWitness, type ProbeResult, type StoreUse } from '../pipeline/ports.ts'

/** Where only a use tells: alive if one of the values is accepted, dead when each was refused. */
export const probeByUse = async (
  values: readonly string[],
  use: (value: string) => Promise<StoreUse>,
): Promise<ProbeResult> => {
  for (const value of values) {
    const used = await use(value)
    if (used.state === 'unknown') return used
    if (used.state === 'accepted') return { state: 'alive', evidence: 'used', witnesses: [doorWitness] }
  }
  return { state: 'dead', evidence: 'used', witnesses: [doorWitness] }
}
