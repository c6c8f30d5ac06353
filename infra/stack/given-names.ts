import type { ComponentName } from './addresses.ts'
import type { StackEnvironment } from './environment.ts'

/** The components whose address the environment gives. */
export function givenNames(given: StackEnvironment): ComponentName[] {
  const names: ComponentName[] = []
  if (given.kafkaBrokers) names.push('kafka')
  if (given.redisUrl) names.push('redis')
  if (given.vault) names.push('vault')
  if (given.postgres) names.push('postgres')
  if (given.aws) names.push('aws')
  return names
}
