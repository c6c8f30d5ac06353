import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { makeCertificate } from '../../infra/stack/certificate.ts'
import type { Store } from '../../services/pipeline/ports.ts'
import { lyingAws } from '../support/lying-aws.ts'
import { secretOf, standInKeys, useLyingAws } from '../support/lying-aws-world.ts'
import { until } from '../support/until.ts'

const world = useLyingAws()

describe('the way to it', () => {
  afterEach(() => vi.unstubAllEnvs())
  const once = (asked: Store, arn = world.aws.secret()) =>
    until('the budget lets it', async () => {
      const probe = await asked.probe(secretOf(arn), 'leak')
      return probe.state === 'unknown' && probe.problem.code === 'throttled' ? undefined : probe
    })

  it('what the environment says of other addresses is not followed; its credentials are, where none are configured', async () => {
    vi.stubEnv('AWS_ENDPOINT_URL', 'http://127.0.0.1:9')
    vi.stubEnv('AWS_ENDPOINT_URL_SECRETS_MANAGER', 'http://127.0.0.1:9')
    vi.stubEnv('AWS_USE_FIPS_ENDPOINT', 'true')
    vi.stubEnv('AWS_MAX_ATTEMPTS', '5')
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIAOFTHEENVIRONMENT')
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'of-the-environment')
    const none = { accessKeyIdFile: undefined, secretAccessKeyFile: undefined }
    expect(await once(await world.stores.open(standInKeys, { endpoint: world.aws.endpoint, ...none }))).toMatchObject({
      state: 'alive',
    })
    expect(world.aws.signers().at(-1)).toBe('AKIAOFTHEENVIRONMENT')
    world.aws.lies.fail = { DescribeSecret: { status: 500, type: 'InternalServiceError' } }
    world.aws.calls.length = 0
    await world.store.probe(secretOf(world.aws.secret()), 'leak')
    expect(world.aws.calls).toEqual(['DescribeSecret'])
  })

  it('a key that was rotated in its file is used from then on', async () => {
    const file = join(world.stores.folder, 'rotated')
    writeFileSync(file, 'AKIAFIRST')
    const rotating = await world.stores.open(standInKeys, { endpoint: world.aws.endpoint, accessKeyIdFile: file })
    await once(rotating)
    writeFileSync(file, 'AKIASECOND\n')
    await once(rotating)
    expect(world.aws.signers().slice(-2)).toEqual(['AKIAFIRST', 'AKIASECOND'])
  })

  it('TLS is verified with the CA of the config, whatever the environment says, and without it nothing is believed', async () => {
    const { caFile } = await makeCertificate(world.stores.folder)
    const read = (name: string) => readFileSync(join(world.stores.folder, name), 'utf8')
    const secure = await lyingAws({}, { key: read('server-key.pem'), cert: read('server.pem') })
    try {
      const arn = secure.secret()
      vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0')
      const [known, unknown] = [
        await world.stores.open(standInKeys, { endpoint: secure.endpoint, caFile }),
        await world.stores.open(standInKeys, { endpoint: secure.endpoint }),
      ]
      expect(await once(known, arn)).toMatchObject({ state: 'alive' })
      expect(await once(unknown, arn)).toMatchObject({ state: 'unknown', problem: { code: 'unreachable' } })
    } finally {
      await secure.close()
    }
  })

  it('in clear only inside this machine', async () => {
    await expect(world.stores.open(standInKeys, { endpoint: 'http://aws.example' })).rejects.toThrow('must be https')
  })
})
