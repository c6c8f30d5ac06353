import type { Lag, LagQuantiles, LagStages, StoreLag } from '../../schemas/http-lag.ts'
import { causeNumber, storeNumber } from './colours.ts'
import { byId, el, keepList, setText, show, svg } from './dom.ts'
import { clock, duration, number, words } from './format.ts'
import { sparkline } from './lag-series.ts'

/** The table beside the lines is their legend: each store with the figures of the whole window. */
export const showLagTable = (lag: Lag, key: keyof LagQuantiles): void => {
  const rows = lag.stores.map(store => ({ store, key, boundMs: lag.boundMs }))
  keepList(byId('lag-rows'), rows, one => one.store.store, lagRow)
  show(byId('lag-empty'), lag.stores.length === 0)
  show(byId('lag-plots'), lag.stores.length > 0)
  const reading = lag.complete ? '' : ' The past is still being read: these are the least.'
  const notes = `p50 and p99 are within ${(lag.error * 100).toFixed(1)} %, max is exact.${reading}`
  setText(byId('lag-note'), notes)
  keepList(
    byId('causes'),
    lag.causes,
    one => one.cause,
    ({ cause, died }) =>
      el('li', {}, swatch(causeNumber(cause)), el('span', { text: words(cause) }), el('b', { text: number(died) })),
  )
}

const swatch = (n: number | undefined) =>
  el('i', { class: 'swatch', data: { series: n === undefined ? 'other' : String(n) } })

const lagRow = ({ store, key, boundMs }: { store: StoreLag; key: keyof LagQuantiles; boundMs: number }) => {
  const { lagMs, died } = store
  const figure = (name: keyof LagQuantiles) =>
    el('td', {
      class: name === key ? 'num chosen' : 'num',
      text: lagMs ? duration(lagMs[name]) : '–',
      data: { label: name, ...(lagMs && lagMs[name] > boundMs ? { tone: 'bad' } : {}) },
    })
  const name = el(
    'td',
    { data: { label: 'store' } },
    swatch(storeNumber(store.store)),
    el('span', { text: store.store }),
  )
  const line = el('td', { class: 'spark', data: { label: key } }, spark(store.series[key], storeNumber(store.store)))
  return el(
    'tr',
    {},
    name,
    el('td', { class: 'num', text: number(died), data: { label: 'died' } }),
    figure('p50'),
    figure('p99'),
    figure('max'),
    line,
  )
}

const spark = (values: readonly (number | null)[], series: number) => {
  const [width, height] = [120, 24]
  const lines = sparkline(values).map(run => {
    const points = run.map(([x, y]) => `${(x * (width - 4) + 2).toFixed(1)},${(y * (height - 6) + 3).toFixed(1)}`)
    // A run of one is a dot.
    const drawn = points.length === 1 ? [points[0], points[0]] : points
    return svg('polyline', { points: drawn.join(' ') })
  })
  return svg(
    'svg',
    { viewBox: `0 0 ${width} ${height}`, class: `line series-${series}`, 'aria-hidden': 'true' },
    ...lines,
  )
}

/** What both plots say of the bucket under the pointer. */
export const readoutOf = (lag: Lag, key: keyof LagQuantiles, bucket: number | undefined): string => {
  if (bucket === undefined)
    return `${key} by store on a log scale; below, deaths by cause. Point at a moment to read it.`
  const at = lag.from + bucket * lag.stepMs
  const lags = lag.stores.flatMap(({ store, series }) => {
    const ms = series[key][bucket]
    return ms === null || ms === undefined ? [] : [`${store} ${duration(ms)}`]
  })
  const kills = lag.causes.flatMap(({ cause, series }) => {
    const died = series[bucket] ?? 0
    return died === 0 ? [] : [`${words(cause)} ${number(died)}`]
  })
  return `${new Date(at).toISOString().slice(5, 10)} ${clock(at)}   ${lags.join(' · ') || 'nothing died'}${kills.length > 0 ? `   |   ${kills.join(' · ')}` : ''}`
}

const stages: [keyof LagStages, string][] = [
  ['dueStep', 'due → step'],
  ['stepDead', 'step → dead'],
  ['deadVerified', 'dead → verified'],
]

/** Where the time goes, store by store: shares of the mean, and the mean in words. */
export const showStages = (lag: Lag): void => {
  const known = lag.stores.flatMap(({ store, stageMs }) => (stageMs ? [{ store, stageMs }] : []))
  show(byId('stages'), known.length > 0)
  keepList(
    byId('stage-rows'),
    known,
    one => one.store,
    ({ store, stageMs }) => {
      const total = Math.max(1, ...[stages.reduce((sum, [key]) => sum + stageMs[key], 0)])
      const parts = stages.map(([key, name], i) => {
        const part = el('span', {
          class: 'stage',
          title: `${name}: ${duration(stageMs[key])} on average`,
          data: { stage: String(i) },
        })
        part.style.width = `${(stageMs[key] / total) * 100}%`
        return part
      })
      const text = stages.map(([key, name]) => `${name} ${duration(stageMs[key])}`).join(', ')
      return el(
        'li',
        { aria: { label: `${store}: ${text}` } },
        el('span', { class: 'name', text: store }),
        el('span', { class: 'bar' }, ...parts),
        el('span', { class: 'num', text: stages.map(([key]) => duration(stageMs[key])).join(' + ') }),
      )
    },
  )
}
