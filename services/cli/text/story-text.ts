import type { GrantStory, StoryLine } from '../../../schemas/http-story.ts'
import { clock } from './duration.ts'
import { cut, plain, wrap } from './plain.ts'

const nameWidth = 16

/** The story in order, each line with its source; then how it stands, and what to type. */
export const storyText = ({ grant, story, complete, says, next }: GrantStory): string => {
  const tasks = grant.tasks.length === 0 ? '' : ` (task ${grant.tasks.join(', ')})`
  let day = ''
  const lines = story.flatMap(line => {
    const date = new Date(line.at).toISOString().slice(0, 10)
    const heading = date === day ? [] : [`  ${date} UTC`]
    day = date
    return [...heading, lineText(line)]
  })
  return [
    `grant ${grant.grant}`,
    wrap(`${grant.store}  ${grant.kind} ${cut(grant.handle, 60)}`, '  '),
    wrap(`session ${grant.session}${tasks}`, '  '),
    '',
    ...lines,
    ...(complete ? [] : ['', wrap('NOT EVERYTHING: the facts could not be read to their end.', '  ')]),
    '',
    wrap(says, '  '),
    ...(next === undefined ? [] : [`  next: ${next}`]),
  ].join('\n')
}

const lineText = ({ at, what, detail, source }: StoryLine): string => {
  const begin = `  ${clock(at)}  ${cut(plain(what), nameWidth).padEnd(nameWidth)}`
  const indent = ' '.repeat(begin.length)
  const told = detail === undefined ? '' : wrap(detail, indent).trimStart()
  const from = source === undefined ? '' : `\n${wrap(`[${source}]`, indent)}`
  return `${begin}${told}`.trimEnd() + from
}
