import type { IntakeParts } from './translation.ts'

/** Everything by which a leaked value may be known to us: under every live pepper. The value is forgotten by the caller. */
export const leakFingerprints = async ({ edge }: Pick<IntakeParts, 'edge'>, value: string): Promise<string[]> =>
  edge.fingerprints(value)
