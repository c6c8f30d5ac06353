import type { VaultAdmin, VaultAnswer } from './admin-client.ts'

/** A write that must succeed. */
export async function apply(admin: VaultAdmin, at: string, body: unknown): Promise<VaultAnswer> {
  const answer = await admin.call('POST', at, body)
  if (answer.status >= 300) throw new Error(`${at} answered ${answer.status}: ${JSON.stringify(answer.body.errors)}`)
  return answer
}
