import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { ApiState } from '../../schemas/http.ts'
import { buildApi } from './build-api.ts'
import type { ApiParts } from './ports.ts'

export type StartApiParts = {
  host: string
  port: number
  token: string
  stateFile: string
  configFile?: string
  api: ApiParts
}

/** Listens, and tells people on this machine where: the URL and the token, in a file that only its owner reads. */
export const startApi = async (parts: StartApiParts): Promise<{ url: string; close(): Promise<void> }> => {
  const app = buildApi(parts.api)
  let url: string
  try {
    url = await app.listen({ host: parts.host, port: parts.port })
    const { configFile } = parts
    const config = configFile === undefined ? {} : { configFile }
    writeState(parts.stateFile, { url, token: parts.token, pid: process.pid, ...config })
  } catch (error) {
    await app.close()
    throw error
  }
  return {
    url,
    close: async () => {
      forgetState(parts.stateFile, parts.token)
      await app.close()
    },
  }
}

/** Whole or not at all, and never readable by others for a moment. */
const writeState = (file: string, state: ApiState) => {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  const temporary = `${file}.${process.pid}`
  writeFileSync(temporary, JSON.stringify(state), { mode: 0o600 })
  renameSync(temporary, file)
}

/** Another process may have written its own meanwhile: that one stays. */
const forgetState = (file: string, token: string) => {
  try {
    const { token: current } = JSON.parse(readFileSync(file, 'utf8')) as ApiState
    if (current === token) rmSync(file, { force: true })
  } catch {
    // Gone already.
  }
}
