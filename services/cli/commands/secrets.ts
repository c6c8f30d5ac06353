import type { SecretDetail, SecretList } from '../../../schemas/http-secrets.ts'
import { callApi } from '../call-api.ts'
import { exitCodes } from '../exit-codes.ts'
import type { Io } from '../io.ts'
import { secretDetailText, secretsText } from '../text/secrets-text.ts'

/** Exit 1 where one of them is compromised or blocked. */
export const secretsCommand = async (
  io: Io,
  { json, secret }: { json?: boolean; secret?: string },
): Promise<number> => {
  const api = callApi(io)
  if (secret !== undefined) {
    const detail = await api<SecretDetail>('GET', `/v1/secrets/${encodeURIComponent(secret)}`)
    io.out(json ? JSON.stringify(detail, undefined, 2) : secretDetailText(detail, io.now()))
    return wellOrNot([detail.secret])
  }
  const list = await api<SecretList>('GET', '/v1/secrets')
  io.out(json ? JSON.stringify(list, undefined, 2) : secretsText(list.secrets, io.now()))
  return wellOrNot(list.secrets)
}

const wellOrNot = (secrets: SecretList['secrets']): number =>
  secrets.some(one => one.state === 'blocked' || one.state === 'compromised') ? exitCodes.notWell : exitCodes.done
