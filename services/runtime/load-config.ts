import { readFileSync } from 'node:fs'
import { dirname, isAbsolute, resolve } from 'node:path'
import { parse } from 'yaml'
import { type Config, config as configSchema } from '../../schemas/config.ts'

/** Reads and checks a YAML (or JSON) config whole. Relative file paths are relative to the config. */
export const loadConfig = (file: string): Config => {
  let document: unknown
  try {
    document = parse(readFileSync(file, 'utf8'))
  } catch (error) {
    throw new Error(`${file}: ${error instanceof Error ? error.message : 'cannot be read'}`)
  }
  const parsed = configSchema.safeParse(document)
  if (!parsed.success) {
    const problems = parsed.error.issues.map(issue => `  ${issue.path.join('.') || '(whole)'}: ${issue.message}`)
    throw new Error(`${file} is not a valid config:\n${problems.join('\n')}`)
  }
  const base = dirname(resolve(file))
  const near = (path: string) => (isAbsolute(path) ? path : resolve(base, path))
  const { data } = parsed
  return {
    ...data,
    keysDir: near(data.keysDir),
    stores: data.stores.map(store => ({
      ...store,
      ...(store.caFile === undefined ? {} : { caFile: near(store.caFile) }),
      auth: { ...store.auth, secretIdFile: near(store.auth.secretIdFile) },
      targets: store.targets.map(target => ({ ...target, probeUrlFile: near(target.probeUrlFile) })),
    })),
  }
}
