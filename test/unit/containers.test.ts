import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv } from 'ajv'
import { validate } from 'dockerfile-utils'
import { expect, it } from 'vitest'
import { parse } from 'yaml'

const root = join(import.meta.dirname, '../..')
const read = (file: string) => readFileSync(join(root, file), 'utf8')
type Service = Record<string, unknown> & { ports?: string[]; network_mode?: string; command?: string[] }
const { services } = parse(read('docker-compose.yml')) as { services: Record<string, Service> }

it('docker-compose.yml is what the Compose schema says', () => {
  // The schema of compose-spec, as the linter dclint carries it.
  const schema = JSON.parse(read('node_modules/dclint/schemas/compose.schema.json')) as object
  const fits = new Ajv({ strict: false, allErrors: true, validateFormats: false, validateSchema: false }).compile(
    schema,
  )
  fits(parse(read('docker-compose.yml')))
  expect(fits.errors ?? []).toEqual([])
  expect(fits({ services: { one: { image: 'x', restarts: 'always' } } })).toBe(false)
})

it('the Dockerfile has no fault, runs as nobody in particular, and its health is the canary', () => {
  const text = read('Dockerfile')
  expect(validate(text)).toEqual([])
  expect(text).toMatch(/^USER node$/m)
  expect(text).toMatch(/^HEALTHCHECK [\s\S]*\/healthz/m)
})

it('the image has the Node that the lock file has', () => {
  const { devDependencies } = JSON.parse(read('package.json')) as { devDependencies: Record<string, string> }
  const images = [...read('Dockerfile').matchAll(/^FROM node:([\d.]+)-/gm)].map(([, version]) => version)
  expect(new Set(images)).toEqual(new Set([devDependencies.node]))
})

it('Curfew is read-only and without capabilities, and nothing listens beyond this machine', () => {
  expect(services.curfew).toMatchObject({ read_only: true, cap_drop: ['ALL'], network_mode: 'host' })
  for (const { ports = [] } of Object.values(services)) for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:/)
  expect(services.prometheus?.command).toContain('--web.listen-address=127.0.0.1:9090')
  expect(services.grafana).toMatchObject({ environment: { GF_SERVER_HTTP_ADDR: '127.0.0.1' } })
})
