import type { Panel } from '@grafana/schema'

type Query = { expr: string; legend?: string; instant?: boolean }
type Size = { w: number; h: number }
/** Without its place on the page. */
export type Unplaced = Omit<Panel, 'gridPos' | 'id'> & Size

const datasource = { type: 'prometheus', uid: 'prometheus' }
const targets = (queries: Query[]) =>
  queries.map(({ expr, legend = '', instant = false }, at) => ({
    refId: String.fromCharCode(65 + at),
    datasource,
    expr,
    legendFormat: legend,
    instant,
    range: !instant,
  }))

type Say = { title: string; description: string }

/** One number, green while it is at most `good`. What is not known is grey and says so, never green. */
export const stat = (say: Say, query: string, size: Size, { unit = 'none', good = 0 } = {}): Unplaced => ({
  type: 'stat',
  ...say,
  ...size,
  datasource,
  targets: targets([{ expr: query, instant: true }]),
  options: {
    reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false },
    colorMode: 'background',
    graphMode: 'area',
  },
  fieldConfig: {
    defaults: {
      unit,
      noValue: 'not known',
      // Two colours that differ in brightness too.
      thresholds: {
        mode: 'absolute',
        steps: [
          { value: null, color: 'green' },
          { value: above(good), color: 'red' },
        ],
      },
    },
    overrides: [],
  } as NonNullable<Panel['fieldConfig']>,
})
const above = (good: number) => good + 0.001

type Lines = { unit?: string; log?: boolean; stacked?: boolean; bars?: boolean; slo?: number }

export const lines = (say: Say, queries: Query[], size: Size, look: Lines = {}): Unplaced => ({
  type: 'timeseries',
  ...say,
  ...size,
  datasource,
  targets: targets(queries),
  options: {
    tooltip: { mode: 'multi', sort: 'desc' },
    legend: { displayMode: 'table', placement: 'bottom', calcs: ['lastNotNull', 'max'] },
  },
  fieldConfig: {
    defaults: {
      unit: look.unit ?? 'short',
      custom: {
        drawStyle: look.bars ? 'bars' : 'line',
        fillOpacity: look.stacked ? 60 : 0,
        stacking: { mode: look.stacked ? 'normal' : 'none', group: 'A' },
        scaleDistribution: look.log ? { type: 'log', log: 10 } : { type: 'linear' },
        // A hole in the data stays a hole: it never looks fine while nothing is known.
        spanNulls: false,
        thresholdsStyle: { mode: look.slo === undefined ? 'off' : 'line' },
      },
      thresholds: {
        mode: 'absolute',
        steps: [
          { value: null, color: 'transparent' },
          ...(look.slo === undefined ? [] : [{ value: look.slo, color: 'red' }]),
        ],
      },
    },
    overrides: [],
  } as NonNullable<Panel['fieldConfig']>,
})

/** From left to right, then downwards: 24 columns. */
export const placed = (panels: Unplaced[]): Panel[] => {
  let [x, y, rowHeight] = [0, 0, 0]
  return panels.map(({ w, h, ...panel }, at) => {
    if (x + w > 24) {
      x = 0
      y += rowHeight
      rowHeight = 0
    }
    const gridPos = { x, y, w, h }
    x += w
    rowHeight = Math.max(rowHeight, h)
    return { ...panel, id: at + 1, gridPos } as Panel
  })
}
