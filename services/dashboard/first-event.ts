import type { PageSections } from '../../schemas/http-page.ts'
import { copyable } from './copy-command.ts'
import { byId, show } from './dom.ts'

/** Nothing was ever handed out here: how to begin, with commands that work as they stand. */
export const showFirstEvent = ({ status, ended }: Partial<PageSections>): void => {
  if (!status || !ended) return
  const { outstanding, alivePastDue, lastHour } = status
  const nothing = outstanding + alivePastDue + lastHour.died + ended.exposed.total + ended.leaked.total === 0
  show(byId('first-event'), nothing && lastHour.complete)
  const commands = byId('first-commands')
  if (nothing && commands.childElementCount === 0) commands.append(...sends().map(copyable))
}

const sends = () => {
  const event = (type: string, data: object) =>
    JSON.stringify({
      specversion: '1.0',
      id: crypto.randomUUID?.() ?? '1',
      source: '/by-hand',
      type: `curfew.${type}`,
      data,
    })
  const post = (body: string) =>
    `curl -s ${location.origin}/v1/events -H "authorization: Bearer $CURFEW_TOKEN" -H 'content-type: application/cloudevents+json' -d '${body}'`
  return [
    post(event('session.started', { session: 'first' })),
    post(
      event('credential.granted', { session: 'first', store: 'STORE', kind: 'vault.token', handle: 'TOKEN-ACCESSOR' }),
    ),
    post(event('session.ended', { session: 'first' })),
  ]
}
