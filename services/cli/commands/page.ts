import { callApi } from '../call-api.ts'
import { findApi } from '../find-api.ts'
import type { Io } from '../io.ts'
import { readStatus } from './status.ts'

/** Where the page is, with the token in the fragment: no server sees that part, and the page takes it out of the address bar. */
export const pageCommand = async (io: Io, options: { json?: boolean }): Promise<number> => {
  // A link to an API that does not answer helps nobody.
  await readStatus(callApi(io))
  const { url, token } = findApi(io)
  const link = `${url}/#token=${encodeURIComponent(token)}`
  io.out(options.json ? JSON.stringify({ url: link }, undefined, 2) : link)
  return 0
}
