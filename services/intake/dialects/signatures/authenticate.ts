import { readFileSync } from 'node:fs'
import type { WebhookAuthentication } from '../../../../schemas/webhook-authentication.ts'
import { RejectedEvent, StartRefused } from '../../../pipeline/errors.ts'
import type { Delivery } from '../dialect.ts'
import { bearerFits, headerFits, hmacFits } from './shared-secret.ts'
import { standardWebhookSecretProblem, verifyStandardWebhook } from './standard-webhooks.ts'

/**
 * All of them must hold. The files are read now, so that a bad one is said at start, and again for each delivery, so that a changed
 * secret needs no restart. A file that cannot be read then is not the sender's fault: no RejectedEvent, it has to come again.
 */
export const authenticator = (ways: readonly WebhookAuthentication[]): ((delivery: Delivery) => void) => {
  refuseBadSecrets(ways)
  return delivery => {
    for (const way of ways) authenticate(way, delivery)
  }
}

const refuseBadSecrets = (ways: readonly WebhookAuthentication[]): void => {
  try {
    for (const way of ways) secretsOf(way)
  } catch (error) {
    throw new StartRefused(error instanceof Error ? error.message : 'a webhook secret cannot be read')
  }
}

const authenticate = (way: WebhookAuthentication, delivery: Delivery): void => {
  const secrets = secretsOf(way)
  if (way.by === 'standard-webhooks') verifyStandardWebhook(delivery, secrets, way.toleranceMs)
  else if (!fits(way, delivery, secrets)) throw new RejectedEvent('bad_signature', `no secret fits (${way.by})`)
}

const fits = (
  way: Exclude<WebhookAuthentication, { by: 'standard-webhooks' }>,
  delivery: Delivery,
  secrets: readonly string[],
): boolean => {
  switch (way.by) {
    case 'bearer':
      return bearerFits(delivery, secrets)
    case 'header':
      return headerFits(delivery, way, secrets)
    case 'hmac':
      return hmacFits(delivery, way, secrets)
  }
}

const secretsOf = (way: WebhookAuthentication): string[] =>
  way.secrets.map(({ file }) => {
    const secret = readFileSync(file, 'utf8').trim()
    const problem = way.by === 'standard-webhooks' ? standardWebhookSecretProblem(secret) : tooShort(secret)
    if (problem !== undefined) throw new Error(`the webhook secret in ${file} ${problem}`)
    return secret
  })

const tooShort = (secret: string) => (Buffer.byteLength(secret) >= 16 ? undefined : 'is shorter than 16 bytes')
