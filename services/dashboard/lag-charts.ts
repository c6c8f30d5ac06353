import type { Lag, LagQuantiles } from '../../schemas/http-lag.ts'
import { causeColour, ink, storeColour } from './colours.ts'
import { duration, number } from './format.ts'
import { linesOf, marksWithin, scaleAround, stacksOf, timesOf } from './lag-series.ts'
import uPlot from './uplot.js'

/** Two plots over one time axis: lines of lag per store, bars of deaths by cause. What is under the pointer is told by both. */
export type LagCharts = { draw(lag: Lag, key: keyof LagQuantiles): void; redraw(): void }
export type AtCursor = (bucket: number | undefined) => void

const together = uPlot.sync('lag')
const utc = (at: number) => uPlot.tzDate(new Date(at), 'Etc/UTC')
const font = '11px system-ui, sans-serif'

export const lagCharts = (lines: HTMLElement, bars: HTMLElement, atCursor: AtCursor): LagCharts => {
  let shown: { lag: Lag; key: keyof LagQuantiles } | undefined
  let plots: { of: string; lines: uPlot; bars: uPlot } | undefined

  const build = (lag: Lag) => {
    plots?.lines.destroy()
    plots?.bars.destroy()
    plots = {
      of: shapeOf(lag),
      lines: new uPlot(lineOptions(lag, lines.clientWidth, atCursor), [[]], lines),
      bars: new uPlot(barOptions(lag, bars.clientWidth), [[]], bars),
    }
  }
  const draw = (lag: Lag, key: keyof LagQuantiles) => {
    shown = { lag, key }
    if (lines.clientWidth === 0) return
    if (plots?.of !== shapeOf(lag)) build(lag)
    const times = timesOf(lag)
    plots?.lines.setData([times, ...linesOf(lag, key).map(one => one.values)])
    // The highest first: the lower ones are drawn over it.
    plots?.bars.setData([
      times,
      ...stacksOf(lag)
        .map(one => one.top)
        .reverse(),
    ])
  }
  const redraw = () => {
    plots = undefined
    lines.replaceChildren()
    bars.replaceChildren()
    if (shown) draw(shown.lag, shown.key)
  }
  new ResizeObserver(() => {
    if (!plots && shown) return draw(shown.lag, shown.key)
    if (lines.clientWidth === 0) return
    plots?.lines.setSize({ width: lines.clientWidth, height: heights.lines })
    plots?.bars.setSize({ width: bars.clientWidth, height: heights.bars })
  }).observe(lines)
  return { draw, redraw }
}

const heights = { lines: 230, bars: 120 }
/** Other series or another window need other plots; new values do not. */
const shapeOf = ({ stores, causes, window, stepMs }: Lag) =>
  JSON.stringify([window, stepMs, stores.map(one => one.store), causes.map(one => one.cause)])

const timeAxis = (lag: Lag, labels: boolean): uPlot.Axis => ({
  stroke: () => ink('muted'),
  font,
  grid: { stroke: () => ink('grid'), width: 1 },
  ticks: { show: false },
  size: labels ? 26 : 6,
  space: 70,
  values: labels ? (_, splits) => splits.map(at => timeLabel(at, lag.window)) : () => [],
})
const timeLabel = (at: number, window: Lag['window']) => {
  const text = new Date(at).toISOString()
  return window === '7d' ? text.slice(5, 10) : text.slice(11, 16)
}
const valueAxis = (values: (n: number) => string): uPlot.Axis => ({
  stroke: () => ink('muted'),
  font,
  grid: { stroke: () => ink('grid'), width: 1 },
  ticks: { show: false },
  size: 62,
  values: (_, splits) => splits.map(n => (n === null ? '' : values(n))),
})
const common = { ms: 1 as const, tzDate: utc, legend: { show: false } }
const cursor = (points: uPlot.Cursor.Points): uPlot.Cursor => ({
  sync: { key: together.key, scales: ['x', null] },
  y: false,
  points,
  drag: { x: false, y: false },
})

/** The axis follows the data's own times: the same plot goes on as time does. */
const timeScale: uPlot.Scale = {
  time: true,
  range: (u, min, max) => {
    const times = u.data[0]
    const [first = min, second = max] = times
    const half = (second - first) / 2
    return [first - half, (times.at(-1) ?? max) + half]
  },
}

const lineOptions = (lag: Lag, width: number, atCursor: AtCursor): uPlot.Options => {
  return {
    ...common,
    width,
    height: heights.lines,
    cursor: cursor({ size: 6 }),
    scales: { x: timeScale, y: { distr: 3, range: (_u, min, max) => scaleAround(min, max, lag.boundMs) } },
    axes: [timeAxis(lag, false), { ...valueAxis(duration), splits: markSplits }],
    series: [
      {},
      ...lag.stores.map(({ store }) => ({
        label: store,
        stroke: () => storeColour(store),
        width: 1.5,
        spanGaps: true,
        points: { show: isSparse, size: 4, fill: () => storeColour(store) },
      })),
    ],
    hooks: {
      draw: [u => drawBound(u, lag.boundMs)],
      setCursor: [u => atCursor(u.cursor.idx ?? undefined)],
    },
  }
}

/** One label per mark: between them a logarithmic axis has no room. */
const markSplits = (_u: uPlot, _axis: number, min: number, max: number): number[] => marksWithin(min, max)

/** Few deaths are dots, many are a line. */
const isSparse = (u: uPlot, series: number): boolean => {
  const known = (u.data[series] ?? []).filter(one => one !== null).length
  return known < 60
}

const drawBound = (u: uPlot, boundMs: number) => {
  const { ctx } = u
  const { left, width } = u.bbox
  const y = Math.round(u.valToPos(boundMs, 'y', true)) + 0.5
  const ratio = devicePixelRatio
  ctx.save()
  ctx.strokeStyle = ink('bad')
  ctx.fillStyle = ink('bad')
  ctx.lineWidth = ratio
  ctx.setLineDash([6 * ratio, 4 * ratio])
  ctx.beginPath()
  ctx.moveTo(left, y)
  ctx.lineTo(left + width, y)
  ctx.stroke()
  ctx.font = `${11 * ratio}px system-ui, sans-serif`
  ctx.textAlign = 'left'
  ctx.textBaseline = 'bottom'
  ctx.fillText(`bound ${duration(boundMs)}`, left + 6 * ratio, y - 3 * ratio)
  ctx.restore()
}

const barOptions = (lag: Lag, width: number): uPlot.Options => {
  const paths = uPlot.paths.bars?.({ size: [0.8, 40] })
  return {
    ...common,
    width,
    height: heights.bars,
    cursor: cursor({ show: false }),
    scales: { x: timeScale, y: { range: (_u, _min, max) => [0, Math.max(4, (max ?? 0) * 1.1)] } },
    axes: [
      timeAxis(lag, true),
      { ...valueAxis(number), space: 34, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 1e5] },
    ],
    series: [
      {},
      ...lag.causes
        .map(({ cause }) => ({
          label: cause,
          fill: () => causeColour(cause),
          stroke: () => causeColour(cause),
          width: 0,
          points: { show: false },
          ...(paths ? { paths } : {}),
        }))
        .reverse(),
    ],
  }
}
