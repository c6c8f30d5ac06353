import type { Preset } from '../../../schemas/preset.ts'
import { namesIn } from './template.ts'

export type PresetProblem = { path: (string | number)[]; message: string }
type Allowed = { path: (string | number)[]; value: unknown; names: string[] }

const key = ['handle', 'target', 'value']
const paging = ['page.offset', 'page.size', 'page.number', 'page.cursor']

/** What the shape cannot say: every `{{name}}` is one that stands there, every budget exists, no key's value is in an address. */
export const presetProblems = (preset: Preset): PresetProblem[] => [
  ...everywhere(preset).flatMap(unknownNames),
  ...requests(preset).flatMap(([path, request]) => valueInAddress(path, request)),
  ...budgetsOf(preset).flatMap(([path, group]) => unknownBudget(preset, path, group)),
  ...patternProblems(preset),
  ...provability(preset),
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
    { path: ['status', 'list', 'request'], value: status?.list?.request, names: [...ofKey, ...paging] },
    { path: ['status', 'list', 'matches'], value: status?.list?.matches, names: ofKey },
    { path: ['issue', 'request'], value: issue?.request, names: [...session, 'name', 'life', 'expiresAt'] },
    { path: ['door'], value: door, names: ['value'] },
  ]
}

const pieces = (pattern: string) => [...pattern.matchAll(/\(\?<(\w+)>/g)].map(([, name]) => name ?? '')

const unknownNames = ({ path, value, names }: Allowed): PresetProblem[] =>
  [...new Set(namesIn(value))]
    .filter(name => !names.includes(name))
    .map(name => ({ path, message: `{{${name}}} stands for nothing here; there are ${names.join(', ') || 'none'}` }))

const requests = (preset: Preset): [(string | number)[], unknown][] => {
  const { revoke, status } = preset
  return [
    [['revoke', 'request'], revoke.request],
    [['status', 'get', 'request'], status?.get?.request],
    [['status', 'list', 'request'], status?.list?.request],
  ]
}
/** What is in an address is in access logs. */
const valueInAddress = (path: (string | number)[], request: unknown): PresetProblem[] => {
  const { path: url, query } = (request ?? {}) as { path?: string; query?: unknown }
  return namesIn([url, query]).includes('value')
    ? [
        {
          path,
          message:
            '{{value}} in a path or query would leave the key in every access log: send it as `json`, `form` or a header',
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
const unknownBudget = ({ budgets }: Preset, path: (string | number)[], group: string | undefined): PresetProblem[] => {
  const known = [...new Set([...standing, ...Object.keys(budgets)])]
  return group === undefined || known.includes(group)
    ? []
    : [{ path, message: `no budget "${group}"; there are ${known.join(', ')}` }]
}

const patternProblems = ({ handle }: Preset): PresetProblem[] => {
  try {
    new RegExp(handle.pattern, 'u')
    return []
  } catch (error) {
    return [{ path: ['handle', 'pattern'], message: error instanceof Error ? error.message : 'not a pattern' }]
  }
}

const provability = ({ status, door }: Preset): PresetProblem[] =>
  status || door ? [] : [{ path: ['status'], message: 'neither `status` nor `door`: nobody could prove a key dead' }]
