import { type Document, isMap, isScalar, LineCounter, parseDocument } from 'yaml'
import type { z } from 'zod'

export type YamlProblem = { path: (string | number)[]; message: string }

/** A YAML text by its schema and what the schema cannot say. Throws an Error whose message names each line that is wrong. */
export const checkedYaml = <T>(yaml: string, { name, what, schema, problemsOf }: YamlCheck<T>): T => {
  const lines = new LineCounter()
  const document = parseDocument(yaml, { lineCounter: lines })
  const line = (path: readonly PropertyKey[]): number => {
    // The nearest place that is there: what is missing has no line of its own.
    for (let depth = path.length; depth >= 0; depth -= 1) {
      const node = nodeAt(document, path.slice(0, depth))
      if (node?.range) return lines.linePos(node.range[0]).line
    }
    return 1
  }
  const refuse = (problems: YamlProblem[]): never => {
    const told = problems.map(({ path, message }) => `  line ${line(path)}, ${path.join('.') || '(whole)'}: ${message}`)
    throw new Error(`${name} is not a valid ${what}:\n${[...new Set(told)].join('\n')}`)
  }
  const [broken] = document.errors
  if (broken) throw new Error(`${name} is not valid YAML: ${broken.message}`)
  const parsed = schema.safeParse(document.toJS())
  if (!parsed.success) return refuse(parsed.error.issues.flatMap(issue => leaves(issue)))
  const problems = problemsOf(parsed.data)
  return problems.length > 0 ? refuse(problems) : parsed.data
}

/** `what`: what it should be, in a word. */
type YamlCheck<T> = {
  name: string
  what: string
  schema: z.ZodType<T>
  problemsOf(value: T): YamlProblem[]
}

/** A field's name, where it has one: its value may begin on the next line. */
const nodeAt = (document: Document, path: PropertyKey[]): Ranged => {
  const holder = document.getIn(path.slice(0, -1), true)
  const named = isMap(holder)
    ? holder.items.find(({ key }) => isScalar(key) && String(key.value) === String(path.at(-1)))
    : undefined
  return (named?.key ?? document.getIn(path, true)) as Ranged
}
type Ranged = { range?: [number, number, number] } | undefined

type Issue = { path: PropertyKey[]; message: string; code?: string | undefined; keys?: string[] }
/** One for each field that does not exist, at its own line. */
const leaves = (issue: Issue): YamlProblem[] => {
  const path = issue.path.map(part => (typeof part === 'number' ? part : String(part)))
  if (issue.code === 'unrecognized_keys')
    return (issue.keys ?? []).map(key => ({ path: [...path, key], message: 'there is no such field' }))
  const missing = issue.message.endsWith('received undefined')
  return [{ path, message: missing ? 'is missing' : issue.message }]
}
