import type { StackAddresses } from '../stack/addresses.ts'
import { vaultHttp } from './vault-http.ts'

type Data = Record<string, string>

/** A secret in Vault's KV as its owner and its consumers see it: written once by hand, read by name. */
export const keptSecret = async (addresses: StackAddresses, name: string) => {
  const { address, caFile, adminUsername, adminPassword } = addresses.vault
  const http = vaultHttp(address, caFile)
  const login = await http.call('POST', `auth/userpass/login/${adminUsername}`, undefined, { password: adminPassword })
  const token = (login.body.auth as { client_token: string }).client_token
  const read = async (path: string): Promise<Data | undefined> => {
    const answer = await http.call('GET', `secret/data/${path}`, token)
    if (answer.status === 404) return undefined
    if (answer.status !== 200) throw new Error(`reading a secret answered ${answer.status}`)
    return (answer.body.data as { data: Data }).data
  }
  return {
    name,
    write: async (data: Data) => {
      const answer = await http.call('POST', `secret/data/${name}`, token, { data })
      if (answer.status !== 200) throw new Error(`writing a secret answered ${answer.status}`)
    },
    read: () => read(name),
    /** What is staged and not promoted: a server that is being told of it reads it too. */
    staged: () => read(`${name}-staged`),
    /** Numbers of the versions whose data can be read. */
    readable: async (): Promise<number[]> => {
      const { body } = await http.call('GET', `secret/metadata/${name}`, token)
      const { versions } = body.data as { versions: Record<string, { destroyed: boolean }> }
      return Object.entries(versions).flatMap(([number, one]) => (one.destroyed ? [] : [Number(number)]))
    },
    close: async () => {
      await http.call('POST', 'auth/token/revoke-self', token).catch(() => undefined)
      await http.close()
    },
  }
}
export type KeptSecret = Awaited<ReturnType<typeof keptSecret>>
