import { readFileSync } from 'node:fs'
import { dirname, isAbsolute, resolve } from 'node:path'
import { parse } from 'yaml'
import type { AuditConfig } from '../../schemas/audit.ts'
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
    ...(data.audit === undefined ? {} : { audit: auditNear(data.audit, near) }),
    stores: filesNear(data.stores, near) as Config['stores'],
    secrets: filesNear(data.secrets, near) as Config['secrets'],
    inbox: filesNear(data.inbox, near) as Config['inbox'],
    signals: filesNear(data.signals, near) as Config['signals'],
  }
}

const auditNear = (audit: AuditConfig, near: (path: string) => string): AuditConfig => ({
  ...audit,
  dir: near(audit.dir),
  ...(audit.keysDir === undefined ? {} : { keysDir: near(audit.keysDir) }),
})

/** Every `file` and every field that ends with `File` is a path. */
export const filesNear = (value: unknown, near: (path: string) => string): unknown => {
  if (Array.isArray(value)) return value.map(one => filesNear(one, near))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      name,
      /(?:^f|F)ile$/.test(name) && typeof inner === 'string' ? near(inner) : filesNear(inner, near),
    ]),
  )
}
