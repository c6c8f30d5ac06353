import { globSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '..')
type Source = { file: string; imports: string[]; packages: string[]; text: string }

const sources: Source[] = globSync(['schemas/**/*.ts', 'services/**/*.ts', 'clients/**/*.ts', 'infra/**/*.ts'], {
  cwd: root,
}).map(file => {
  const text = readFileSync(join(root, file), 'utf8')
  // `import ... from 'x'`, `export ... from 'x'`, `import 'x'`, `import('x')`; types count as well.
  const found = [...text.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*'([^']+)'/g)].map(match => match[1] ?? '')
  return {
    file,
    text,
    imports: found.filter(name => name.startsWith('.')).map(name => normalize(join(dirname(file), name))),
    packages: found.filter(name => !name.startsWith('.')),
  }
})

/** The room of a file: the first folder, and below services the second one; `services/main.ts` and `roles.ts` compose. */
const room = (file: string) => {
  const [top = '', second = '', ...rest] = file.split('/')
  return top === 'services' ? (rest.length === 0 ? 'composition' : second) : top
}

/** Imports go one way: schemas <- pipeline <- adapters <- composition. Adapters never import each other. */
const may: Record<string, string[] | 'all'> = {
  schemas: ['schemas'],
  pipeline: ['schemas', 'pipeline'],
  intake: ['schemas', 'pipeline', 'intake'],
  ledger: ['schemas', 'pipeline', 'ledger'],
  queue: ['schemas', 'pipeline', 'queue'],
  stores: ['schemas', 'pipeline', 'stores'],
  api: ['schemas', 'pipeline', 'api'],
  runtime: ['schemas', 'pipeline', 'runtime'],
  audit: ['schemas', 'pipeline', 'audit'],
  canary: ['schemas', 'pipeline', 'canary'],
  learn: ['schemas', 'pipeline', 'learn'],
  signals: ['schemas', 'pipeline', 'signals'],
  cli: ['schemas', 'cli'],
  dashboard: ['schemas', 'dashboard'],
  clients: ['schemas', 'clients'],
  composition: 'all',
  infra: 'all',
}

/** Libraries that only one room knows. */
const onlyIn: Record<string, string[]> = {
  bullmq: ['queue'],
  kafkajs: ['ledger', 'intake', 'signals', 'composition', 'infra'],
  'node-vault': ['stores'],
  pg: ['stores', 'infra'],
  fastify: ['api'],
  canonicalize: ['audit'],
  uplot: ['dashboard'],
}

describe('architecture', () => {
  it('sees the sources', () => expect(sources.length).toBeGreaterThan(60))

  it('imports go one way', () => {
    const wrong = sources.flatMap(({ file, imports }) => {
      const allowed = may[room(file)]
      if (allowed === 'all') return []
      return imports.filter(target => !allowed?.includes(room(target))).map(target => `${file} -> ${target}`)
    })
    expect(wrong).toEqual([])
  })

  it('there are no cycles', () => {
    const graph = new Map(sources.map(source => [source.file, source.imports]))
    const done = new Set<string>()
    const cycles: string[] = []
    const walk = (file: string, path: string[]) => {
      if (path.includes(file)) cycles.push([...path.slice(path.indexOf(file)), file].join(' -> '))
      if (path.includes(file) || done.has(file)) return
      for (const target of graph.get(file) ?? []) walk(target, [...path, file])
      done.add(file)
    }
    for (const { file } of sources) walk(file, [])
    expect(cycles).toEqual([])
  })

  it('a library is known by the rooms that own it', () => {
    const wrong = sources.flatMap(({ file, packages }) =>
      packages.filter(name => onlyIn[name] && !onlyIn[name].includes(room(file))).map(name => `${file} -> ${name}`),
    )
    expect(wrong).toEqual([])
  })

  it('the environment is read at the composition root, the CLI and the stack only', () => {
    const allowed = ['composition', 'cli', 'infra']
    const readers = sources.filter(({ text }) => /\bprocess\.env\b/.test(text)).map(({ file }) => file)
    const wrong = readers.filter(
      file =>
        !allowed.includes(room(file)) && !/environment\.ts$|open-vault\.ts$|launcher\.ts$|state-file\.ts$/.test(file),
    )
    expect(wrong).toEqual([])
  })

  it('no file is a drawer: no utils, helpers, common, lib, manager or index', () => {
    const drawers = sources
      .map(({ file }) => file)
      .filter(file => /(utils?|helpers?|common|lib|manager|index)\.ts$/.test(file))
    expect(drawers.filter(file => file !== 'services/ledger/due-index.ts')).toEqual([])
  })
})
