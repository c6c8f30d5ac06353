import { type AwsLogin, callSecrets } from '../aws/signed-call.ts'

/** A signed call that is answered: an open port would also be one of somebody else's. */
export async function probeAws(login: AwsLogin): Promise<void> {
  await callSecrets(login, 'ListSecrets', { MaxResults: 1 })
}
