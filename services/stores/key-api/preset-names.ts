import type { Preset } from '../../../schemas/preset.ts'
import type { YamlProblem } from '../../pipeline/checked-yaml.ts'
import { namesIn } from '../template.ts'

type Allowed = { path: (string | number)[]; value: unknown; names: string[] }

const key = ['handle', 'target', 'value']
const paging = ['page.offset', 'page.size', 'page.number', 'page.cursor']

/** What the shape cannot say: every `{{name}}` is one that stands there, every budget exists, no key's value is in an address. */
export const presetProblems = (preset: Preset): YamlProblem[] => [
  ...everywhere(preset).flatMap(unknownNames),
  ...requests(preset).flatMap(([path, request]) => valueInAddress(path, request)),
  ...budgetsOf(preset).flatMap(([path, group]) => unknownBudget(preset, path, group)),
  ...patternProblems(preset),
  ...provability(preset),
  ...bareAbsences(preset),
]

const everywhere = (preset: Preset): Allowed[] => {
  const own = [
    'address',
    ...Object.keys(preset.parameters).map(name => `parameters.${name}`),
    ...Object.keys(preset.secrets).map(name => `secrets.${name}`),
  ]
  const session = preset.login ? [...own, 'login.token'] : own
  const ofKey = [...session, ...key, ...pieces(preset.handle.pattern).map(name => `handle.${name}`)]
  const { login, revoke, status, issue, door } = preset
  return [
    { path: ['headers'], value: preset.headers, names: session },
    { path: ['basic'], value: preset.basic, names: own },
    { path: ['login', 'request'], value: login?.request, names: own },
    { path: ['revoke', 'request'], value: revoke.request, names: ofKey },
    { path: ['status', 'get', 'request'], value: status?.get?.request, names: ofKey },
    // One list serves many keys: no value of one of them is in it.
    {
      path: ['status', 'list', 'request'],
      value: status?.list?.request,
      names: [...ofKey.filter(name => name !== 'value'), ...paging],
    },
    { path: ['status', 'list', 'matches'], value: status?.list?.matches, names: ofKey },
    { path: ['issue', 'request'], value: issue?.request, names: [...session, 'name', 'life', 'expiresAt'] },
    ...(typeof issue?.handle === 'object' ? [handleNames(issue.handle.text, own)] : []),
    { path: ['door'], value: door, names: ['value'] },
  ]
}

/** A handle is shown to everybody: nothing secret goes into it. */
const handleNames = (text: string, own: string[]): Allowed => ({
  path: ['issue', 'handle'],
  value: text,
  names: [
    ...own.filter(name => name.startsWith('parameters.')),
    ...namesIn(text).filter(name => name.startsWith('answer.')),
  ],
})

const pieces = (pattern: string) => [...pattern.matchAll(/\(\?<(\w+)>/g)].map(([, name]) => name ?? '')

const unknownNames = ({ path, value, names }: Allowed): YamlProblem[] =>
  [...new Set(namesIn(value))]
    .filter(name => !names.includes(name))
    .map(name => ({ path, message: `{{${name}}} stands for nothing here; there are ${names.join(', ') || 'none'}` }))

const requests = (preset: Preset): [(string | number)[], unknown][] => {
  const { login, revoke, status, issue } = preset
  return [
    [['login', 'request'], login?.request],
    [['issue', 'request'], issue?.request],
    [['revoke', 'request'], revoke.request],
    [['status', 'get', 'request'], status?.get?.request],
    [['status', 'list', 'request'], status?.list?.request],
  ]
}
/** What is in an address is in access logs. */
const valueInAddress = (path: (string | number)[], request: unknown): YamlProblem[] => {
  const { path: url, query } = (request ?? {}) as { path?: string; query?: unknown }
  return namesIn([url, query]).some(name => name === 'value' || name === 'login.token' || name.startsWith('secrets.'))
    ? [
        {
          path,
          message: 'a secret in a path or query would stand in every access log: send it as `json`, `form` or a header',
        },
      ]
    : []
}

const budgetsOf = ({ login, revoke, status, issue }: Preset): [(string | number)[], string | undefined][] => [
  [['login', 'budget'], login?.budget],
  [['revoke', 'budget'], revoke.budget],
  [['status', 'budget'], status?.budget],
  [['issue', 'budget'], issue?.budget],
]
/** These three exist without being named. */
const standing = ['api', 'login', 'door']
const unknownBudget = ({ budgets }: Preset, path: (string | number)[], group: string | undefined): YamlProblem[] => {
  const known = [...new Set([...standing, ...Object.keys(budgets)])]
  return group === undefined || known.includes(group)
    ? []
    : [{ path, message: `no budget "${group}"; there are ${known.join(', ')}` }]
}

const patternProblems = ({ handle }: Preset): YamlProblem[] => {
  try {
    new RegExp(handle.pattern, 'u')
    return []
  } catch (error) {
    return [{ path: ['handle', 'pattern'], message: error instanceof Error ? error.message : 'not a pattern' }]
  }
}

/** A gateway in front of the product says a bare 404 of living keys, too: an absence that is a death needs the product's own words. */
const bareAbsences = ({ status }: Preset): YamlProblem[] => {
  if (status?.absent !== 'dead') return []
  return (status.get?.absent ?? []).flatMap((one, i) =>
    typeof one === 'object' && (one.contains !== undefined || one.where !== undefined)
      ? []
      : [
          {
            path: ['status', 'get', 'absent', i],
            message:
              'with `absent: dead` a status alone is no proof: say what the product writes, {status: 404, contains: ...}',
          },
        ],
  )
}

const provability = ({ status, door }: Preset): YamlProblem[] =>
  status || door ? [] : [{ path: ['status'], message: 'neither `status` nor `door`: nobody could prove a key dead' }]
