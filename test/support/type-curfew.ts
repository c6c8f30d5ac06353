import { execFile } from 'node:child_process'
import { join } from 'node:path'

export type Typed = { code: number; out: string; err: string }

/** As a person types it: a process of its own, which finds the API by the state file. `CURFEW_TEST_SHOW=1` prints what is seen. */
export const typeCurfew = (stateDir: string, args: string[], stdin = ''): Promise<Typed> =>
  new Promise(resolve => {
    const file = join(import.meta.dirname, '../../services/curfew.ts')
    const env = { CURFEW_STATE_DIR: stateDir }
    const child = execFile(process.execPath, [file, ...args], { env }, (error, out, err) => {
      if (process.env.CURFEW_TEST_SHOW) process.stdout.write(`$ curfew ${args.join(' ')}\n${err}${out}`)
      resolve({ code: Number(error?.code ?? 0), out, err })
    })
    child.stdin?.end(stdin)
  })
