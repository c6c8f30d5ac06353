import { bodyPlace, type Mapping } from '../../../schemas/mapping.ts'
import type { YamlProblem } from '../../pipeline/checked-yaml.ts'

/** What the shape cannot say: every {{place}} is one, a task's event has a task, and something ends. */
export const mappingProblems = (mapping: Mapping): YamlProblem[] => [
  ...templates(mapping).flatMap(([name, text]) => placesIn(text).flatMap(place => badPlace(name, place))),
  ...templates(mapping).flatMap(([name, text]) => strayBraces(name, text)),
  ...tasksWithoutName(mapping),
  ...(Object.values(mapping.states).some(endsSomething)
    ? []
    : [{ path: ['states'], message: 'none of them ends a session or a task: nothing would ever be revoked by it' }]),
]

export const placesIn = (template: string): string[] =>
  [...template.matchAll(/\{\{\s*([^{}]+?)\s*\}\}/g)].map(([, place]) => place ?? '')

const templates = ({ session, task, agent, id }: Mapping): [string, string][] =>
  Object.entries({ session, task, agent, id }).filter((entry): entry is [string, string] => entry[1] !== undefined)

const badPlace = (name: string, place: string): YamlProblem[] =>
  bodyPlace.safeParse(place).success
    ? []
    : [{ path: [name], message: `{{${place}}} is no place: dotted names such as data.id, or /data/id` }]

const strayBraces = (name: string, text: string): YamlProblem[] =>
  /[{}]/.test(text.replaceAll(/\{\{[^{}]+\}\}/g, ''))
    ? [{ path: [name], message: 'a brace is left over: places stand in {{ and }}' }]
    : []

const meansTask = (meaning: Mapping['states'][string]) => typeof meaning === 'object' || meaning.startsWith('task.')
const endsSomething = (meaning: Mapping['states'][string]) => typeof meaning === 'object' || meaning === 'session.ended'

const tasksWithoutName = ({ states, task }: Mapping): YamlProblem[] =>
  task !== undefined
    ? []
    : Object.entries(states)
        .filter(([, meaning]) => meansTask(meaning))
        .map(([state]) => ({ path: ['states', state], message: "is a task's event: say with `task` which one it is" }))
