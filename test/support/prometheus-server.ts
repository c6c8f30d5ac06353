import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../../infra/stack/free-port.ts'
import { prometheusCommand } from './prometheus.ts'
import { until } from './until.ts'

const source = join(import.meta.dirname, '..', '..', 'infra', 'prometheus')

export type FiringAlert = { labels: Record<string, string>; annotations: Record<string, string>; state: string }
export type PrometheusServer = {
  alerts(): Promise<FiringAlert[]>
  /** The value of the first series of an expression. */
  value(expression: string): Promise<number | undefined>
  close(): Promise<void>
}

/** A real Prometheus with the config and the rules as they are; only the target and the times are others. */
export const startPrometheus = async (target: string): Promise<PrometheusServer> => {
  const dir = mkdtempSync(join(tmpdir(), 'curfew-prometheus-'))
  mkdirSync(join(dir, 'rules'))
  const config = readFileSync(join(source, 'prometheus.yml'), 'utf8')
  writeFileSync(join(dir, 'prometheus.yml'), hurried(config).replaceAll('curfew:7440', target))
  for (const file of readdirSync(join(source, 'rules')))
    writeFileSync(join(dir, 'rules', file), hurried(readFileSync(join(source, 'rules', file), 'utf8')))
  const port = await freePort()
  const child = spawn(
    prometheusCommand(),
    [
      `--config.file=${join(dir, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(dir, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  )
  const said: Buffer[] = []
  child.stderr?.on('data', text => said.push(text))
  const ask = async <T>(path: string): Promise<T> => {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, { headers: { connection: 'close' } })
    const { data, error } = (await answer.json()) as { data?: T; error?: string }
    if (data === undefined) throw new Error(`${path}: ${error}`)
    return data
  }
  const close = async () => {
    await ended(child)
    rmSync(dir, { recursive: true, force: true })
  }
  await until('Prometheus answers', () => ask('/api/v1/status/runtimeinfo')).catch(async error => {
    await close()
    throw new Error(`${String(error)}\n${Buffer.concat(said).toString('utf8').slice(-2_000)}`)
  })
  return {
    alerts: async () => (await ask<{ alerts: FiringAlert[] }>('/api/v1/alerts')).alerts,
    value: async expression => {
      const query = `/api/v1/query?query=${encodeURIComponent(expression)}`
      const { result } = await ask<{ result: { value: [number, string] }[] }>(query)
      return result[0] && Number(result[0].value[1])
    },
    close,
  }
}

/** Every other second (a scrape may take as long on a busy machine), and no waiting before an alert fires. */
const hurried = (text: string) =>
  text
    .replaceAll(/(interval: )\d+s/g, '$12s')
    .replaceAll(/( for: )\d+[sm]/g, '$11s')
    .replaceAll(/:1m\]/g, ':1s]')

const ended = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = once(child, 'exit')
  child.kill('SIGKILL')
  await exit
}
