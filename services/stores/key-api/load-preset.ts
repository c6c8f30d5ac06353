import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { LineCounter, parseDocument } from 'yaml'
import { type Preset, preset as presetSchema } from '../../../schemas/preset.ts'
import { type PresetProblem, presetProblems } from './preset-names.ts'

const shipped = join(import.meta.dirname, 'presets')
export const shippedPresets = (): string[] =>
  readdirSync(shipped)
    .filter(file => file.endsWith('.yaml'))
    .map(file => file.slice(0, -'.yaml'.length))
    .sort()

/** A preset by its name, or by the path of its file. Throws an Error whose message names each line that is wrong. */
export const loadPreset = (named: { preset?: string | undefined; presetFile?: string | undefined }): Preset => {
  const file = named.presetFile ?? join(shipped, `${named.preset}.yaml`)
  if (named.preset !== undefined && !shippedPresets().includes(named.preset))
    throw new Error(
      `no preset "${named.preset}"; there are ${shippedPresets().join(', ')}, or name a file with presetFile`,
    )
  if (!existsSync(file)) throw new Error(`there is no preset at ${file}`)
  return parsePreset(readFileSync(file, 'utf8'), named.preset ?? file)
}

export const parsePreset = (yaml: string, name: string): Preset => {
  const lines = new LineCounter()
  const document = parseDocument(yaml, { lineCounter: lines })
  const line = (path: readonly PropertyKey[]): number => {
    // The nearest place that is there: what is missing has no line of its own.
    for (let depth = path.length; depth >= 0; depth -= 1) {
      const node = document.getIn(path.slice(0, depth), true) as { range?: [number, number, number] } | undefined
      if (node?.range) return lines.linePos(node.range[0]).line
    }
    return 1
  }
  const refuse = (problems: PresetProblem[]): never => {
    const told = problems.map(({ path, message }) => `  line ${line(path)}, ${path.join('.') || '(whole)'}: ${message}`)
    throw new Error(`${name} is not a valid preset:\n${[...new Set(told)].join('\n')}`)
  }
  const [broken] = document.errors
  if (broken) throw new Error(`${name} is not valid YAML: ${broken.message}`)
  const parsed = presetSchema.safeParse(document.toJS())
  if (!parsed.success)
    return refuse(
      parsed.error.issues.flatMap(issue => leaves(issue, [])).map(({ path, message }) => ({ path, message })),
    )
  const problems = presetProblems(parsed.data)
  return problems.length > 0 ? refuse(problems) : parsed.data
}

type Issue = { path: PropertyKey[]; message: string; code?: string | undefined; keys?: string[]; errors?: Issue[][] }
/** One for each field that does not exist, at its own line. */
const leaves = (issue: Issue, above: PropertyKey[]): { path: (string | number)[]; message: string }[] => {
  const path = [...above, ...issue.path].map(part => (typeof part === 'number' ? part : String(part)))
  if (issue.code === 'unrecognized_keys')
    return (issue.keys ?? []).map(key => ({ path: [...path, key], message: 'there is no such field' }))
  const missing = issue.message.endsWith('received undefined')
  return [{ path, message: missing ? 'is missing' : issue.message }]
}
