import { randomBytes } from 'node:crypto'
import { readStackEnvironment } from '../stack/environment.ts'
import { givenNames } from '../stack/given-names.ts'

/** Some part of the stack is not ours alone: other worlds may live on it. */
export const isShared = (): boolean => givenNames(readStackEnvironment()).length > 0

/** Prefix of topics and Redis keys: the default names where the stack is our own. */
export const worldName = (): string => (isShared() ? `sample-${randomBytes(4).toString('hex')}` : 'curfew')
