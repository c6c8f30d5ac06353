import type { GrantList } from '../../schemas/http.ts'
import type { PageSections } from '../../schemas/http-page.ts'
import { byId, setText, show } from './dom.ts'
import { showFirstEvent } from './first-event.ts'
import { clock } from './format.ts'
import { freshnessOf, serverNow } from './freshness.ts'
import { keyboard } from './keyboard.ts'
import { lagSection } from './lag-section.ts'
import { followLive, type Live, type LiveState } from './live-state.ts'
import { moveTimes } from './moving-times.ts'
import { askJson, forgetToken, NotAllowed, takeToken } from './session.ts'
import { showExpiries, showStores } from './show-coming.ts'
import { showCanaries, showDeadLetters, showEnded } from './show-ended.ts'
import { showFound, showNext, showPastDue, storyHash } from './show-grants.ts'
import { showFigures, showHeadline } from './show-headline.ts'
import { showRotations } from './show-rotations.ts'
import { signIn } from './sign-in.ts'
import { storyPanel } from './story-panel.ts'

let live: Live | undefined
const nothingYet: LiveState = { sections: {}, heard: undefined, trouble: undefined }
const state = () => live?.state ?? nothingYet
const search = byId<HTMLInputElement>('search')

/** The server's clock; while nothing is heard it stands with what is shown. */
const now = (): number => {
  const { heard, trouble } = state()
  if (!heard) return Date.now()
  const { live: fresh } = freshnessOf(heard, Date.now(), trouble)
  return fresh ? serverNow(heard, Date.now()) : heard.readAt
}

const showTop = () => {
  const { heard, trouble, sections } = state()
  showHeadline(sections.status, freshnessOf(heard, Date.now(), trouble), now())
  if (heard) setText(byId('clock'), `${clock(serverNow(heard, Date.now()))} UTC`)
  moveTimes(now())
}

const showGrants = ({ status, pastDue, next }: Partial<PageSections>) => {
  const text = search.value.trim()
  if (pastDue && status) showPastDue(pastDue, status.alivePastDue, text)
  if (next && status) showNext(next, text, status.outstanding)
}

const shown: { [K in keyof PageSections]: (section: PageSections[K], all: Partial<PageSections>) => void } = {
  status: (status, all) => {
    showFigures(status)
    showStores(status)
    showCanaries(status)
    showGrants(all)
    showFirstEvent(all)
  },
  pastDue: (_, all) => showGrants(all),
  next: (_, all) => showGrants(all),
  secrets: showRotations,
  expiries: showExpiries,
  ended: (ended, all) => {
    showEnded(ended)
    showFirstEvent(all)
  },
  deadLetters: showDeadLetters,
}

const lag = lagSection(error => void refused(error))
const panel = storyPanel()

const change = (changed: (keyof PageSections)[]) => {
  const { sections } = state()
  for (const name of changed)
    (shown[name] as (section: unknown, all: Partial<PageSections>) => void)(sections[name], sections)
  showTop()
}

let asking = false
const refused = async (error: NotAllowed) => {
  if (asking) return
  asking = true
  live?.stop()
  lag.stop()
  if (error.status === 401) forgetToken()
  await signIn(
    error.status === 403 ? `${error.message}. Give another token.` : 'This token is not (or no longer) good.',
  )
  asking = false
  begin()
}

const begin = () => {
  live = followLive({ change, refused: error => void refused(error) })
  lag.start()
  panel.follow(now, error => void refused(error))
}

const find = async () => {
  const text = search.value.trim()
  if (/^[0-9a-f]{32}$/.test(text)) {
    location.hash = storyHash(text)
    return
  }
  if (text === '') return
  try {
    showFound(text, await askJson<GrantList>(`/v1/grants?limit=200&session=${encodeURIComponent(text)}`))
    moveTimes(now())
  } catch (error) {
    if (error instanceof NotAllowed) return refused(error)
    showFound(text, { grants: [], complete: true })
    setText(byId('found-note'), error instanceof Error ? error.message : '')
  }
}

search.addEventListener('input', () => {
  show(byId('found'), false)
  showGrants(state().sections)
  moveTimes(now())
})
search.addEventListener('keydown', event => {
  if (event.key === 'Enter') void find()
})
keyboard({
  search: () => search.focus(),
  open: grant => {
    location.hash = storyHash(grant)
  },
  escape: () => {
    if (!byId('panel').hidden) return panel.close()
    search.value = ''
    search.blur()
    show(byId('found'), false)
    showGrants(state().sections)
  },
})
setInterval(showTop, 1_000)
if (takeToken() === undefined)
  await signIn('The page shows what a viewer may see. `curfew page` prints a link that has the token of this machine.')
else show(byId('content'), true)
begin()
