import type { Lag, LagQuantiles, LagWindow } from '../../schemas/http-lag.ts'
import { byId, setText } from './dom.ts'
import { lagCharts } from './lag-charts.ts'
import { askJson, NotAllowed } from './session.ts'
import { readoutOf, showLagTable, showStages } from './show-lag.ts'

/** How often each window is read again: a tenth of what one bucket of it is, or a little more. */
const everyMs: Record<LagWindow, number> = { '15m': 5_000, '1h': 10_000, '24h': 60_000, '7d': 300_000 }

export type LagSection = { start(): void; stop(): void }

/** Rotation lag over a chosen window: asked for by itself, since nobody needs seven days once a second. */
export const lagSection = (onRefused: (error: NotAllowed) => void): LagSection => {
  let window: LagWindow = '1h'
  let key: keyof LagQuantiles = 'p99'
  let lag: Lag | undefined
  let timer: ReturnType<typeof setTimeout> | undefined
  let pointed: number | undefined

  const readout = () => lag && setText(byId('readout'), readoutOf(lag, key, pointed))
  const charts = lagCharts(byId('lag-lines'), byId('lag-bars'), bucket => {
    pointed = bucket
    readout()
  })
  const draw = () => {
    if (!lag) return
    showLagTable(lag, key)
    showStages(lag)
    charts.draw(lag, key)
    readout()
  }
  const read = async () => {
    clearTimeout(timer)
    const asked = window
    try {
      if (document.visibilityState === 'visible') {
        const found = await askJson<Lag>(`/v1/lag?window=${asked}`)
        if (asked !== window) return
        lag = found
        draw()
      }
    } catch (error) {
      if (error instanceof NotAllowed) return onRefused(error)
    }
    clearTimeout(timer)
    timer = setTimeout(() => void read(), everyMs[asked])
  }
  choices('windows', window, chosen => {
    window = chosen as LagWindow
    void read()
  })
  choices('quantiles', key, chosen => {
    key = chosen as keyof LagQuantiles
    draw()
  })
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible' && timer !== undefined) void read()
  })
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', charts.redraw)
  return {
    start: () => void read(),
    stop: () => {
      clearTimeout(timer)
      timer = undefined
    },
  }
}

/** A row of buttons of which one is pressed. */
const choices = (id: string, first: string, onChoose: (value: string) => void) => {
  const buttons = [...byId(id).querySelectorAll('button')]
  const press = (value: string) => {
    for (const one of buttons) one.setAttribute('aria-pressed', String(one.value === value))
  }
  for (const one of buttons)
    one.addEventListener('click', () => {
      press(one.value)
      onChoose(one.value)
    })
  press(first)
}
