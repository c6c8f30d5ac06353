import { describe, expect, it } from 'vitest'
import { delivery, dialectOf, keysUrl } from '../support/inbox-senders.ts'

const secrets = [{ file: 'secret' }]
const rejected = (act: () => unknown) => {
  try {
    act()
  } catch (error) {
    const { code, message } = error as { code: string; message: string }
    return { code, message }
  }
  return { code: 'accepted', message: '' }
}

describe('GitHub secret scanning partner', () => {
  const dialect = dialectOf({ dialect: 'github-partner', keysUrl })
  const read = (body: unknown) => dialect.read(delivery(body))

  it('every match of the documented list is a leak, whatever the case of its source and with an empty url', () => {
    const said = read([
      { token: 'tok_1', type: 'mycompany_api_token', url: 'https://github.com/o/r/blob/a/b.txt', source: 'content' },
      { token: 'tok_2', type: 'mycompany_api_token', url: '', source: 'Npm' },
      {
        token: 'tok_3',
        type: 'mycompany_api_token',
        url: 'https://github.com/o/r/pull/1',
        source: 'Pull_request_title',
      },
    ])
    expect(said).toMatchObject([
      { says: 'leak', values: ['tok_1'], source: 'github:content:mycompany_api_token' },
      { says: 'leak', values: ['tok_2'], source: 'github:Npm:mycompany_api_token' },
      { says: 'leak', values: ['tok_3'] },
    ])
  })
  it('one statement has one id, whatever the case of its source, and the id does not give the token away', () => {
    const one = { token: 'tok_1', type: 't', url: 'https://example.com', source: 'commit' }
    const ids = read([one, { ...one, source: 'Commit' }]).map(said => (said.says === 'nothing' ? '' : said.id))
    expect(ids[0]).toBe(ids[1])
    expect(ids[0]).not.toContain('tok_1')
  })
  it('what is no plain word is not repeated in the source', () => {
    const [said] = read([{ token: 'tok_1', type: 'a/b?secret=1', source: 'x'.repeat(65) }])
    expect(said).toMatchObject({ source: 'github' })
  })
  it('an entry without a token says nothing and does not hold the others up', () => {
    expect(read([{}, null, 'x', { token: 7 }, { token: ' ' }, { token: 'tok_1' }]).map(said => said.says)).toEqual([
      'nothing',
      'nothing',
      'nothing',
      'nothing',
      'nothing',
      'leak',
    ])
  })
  it.each([['{}'], ['"x"'], ['not json'], [''], [`${'['.repeat(40)}${']'.repeat(40)}`]])(
    'what is no list is refused, and not quoted: %s',
    body => {
      const { code, message } = rejected(() => read(body))
      expect(['invalid_data', 'not_json', 'empty', 'too_deep']).toContain(code)
      expect(message).not.toContain('[[')
    },
  )
})

describe('GitHub secret_scanning_alert', () => {
  const dialect = dialectOf({ dialect: 'github-alert', secrets })
  const alert = {
    action: 'created',
    alert: {
      number: 42,
      created_at: '2026-11-25T10:00:00Z',
      url: 'https://api.github.com/repos/o/r/secret-scanning/alerts/42',
      html_url: 'https://github.com/o/r/security/secret-scanning/42',
      locations_url: 'https://api.github.com/repos/o/r/secret-scanning/alerts/42/locations',
      secret_type: 'adafruit_io_key',
      validity: 'unknown',
      publicly_leaked: true,
    },
    repository: { full_name: 'o/r' },
  }
  const read = (event: string, body: unknown) => dialect.read(delivery(body, { 'x-github-event': event }))
  it('has no value: it is counted as such', () => {
    for (const event of ['secret_scanning_alert', 'secret_scanning_alert_location', 'secret_scanning_scan'])
      expect(read(event, alert)).toEqual([{ says: 'nothing', code: 'no_value' }])
  })
  it('a ping and another event are told apart', () => {
    expect(read('ping', { zen: 'x' })).toEqual([{ says: 'nothing', code: 'ping' }])
    expect(read('push', {})).toEqual([{ says: 'nothing', code: 'other_event' }])
  })
})

describe('GitLab token revocation API', () => {
  const types = ['gitleaks_rule_id_my_token', 'gitleaks_rule_id_other']
  const dialect = dialectOf({ dialect: 'gitlab', secrets, types })
  const entry = { type: types[0], token: 'tok_1', location: 'https://gitlab.example.com/o/r/-/blob/a/b.java' }
  const read = (body: unknown) => dialect.read(delivery(body))

  it('serves the types that it takes, and answers 204', () => {
    expect(dialect.gets).toEqual({ 'v1/revocable_token_types': { types } })
    expect([dialect.path, dialect.acceptedWith]).toEqual(['v1/revoke_tokens', 204])
  })
  it('every token is a leak, fields that GitLab adds are ignored', () => {
    expect(
      read([
        { ...entry, vulnerability: { id: 1 } },
        { ...entry, token: 'tok_2' },
      ]),
    ).toMatchObject([
      { says: 'leak', values: ['tok_1'], source: `gitlab:${types[0]}` },
      { says: 'leak', values: ['tok_2'] },
    ])
  })
  it('takes the token bare, as GitLab sends it, and with Bearer', () => {
    for (const authorization of ['a-shared-secret-of-32-characters', 'Bearer a-shared-secret-of-32-characters'])
      expect(() => dialect.verify(delivery('[]', { authorization }))).not.toThrow()
  })
  it.each([
    ['a type that is not listed', [entry, { ...entry, type: 'other' }], 'unsupported_type'],
    ['no token', [{ type: types[0] }], 'invalid_data'],
    ['no list', {}, 'invalid_data'],
  ])('%s is refused whole, for good', (_how, body, code) => expect(rejected(() => read(body)).code).toBe(code))
})

describe('GitGuardian custom webhook', () => {
  const dialect = dialectOf({ dialect: 'gitguardian', secrets })
  const incident = {
    source: 'GitGuardian',
    timestamp: '2026-11-25T10:00:00.000000Z',
    message: 'A new incident has been detected.',
    incident: { id: 31542, secret_hash: 'x', hmsl_hash: 'y', validity: 'valid', severity: 'high' },
  }
  it('has hashes of its own and no value: it is counted as such', () => {
    for (const action of ['incident_triggered', 'new_occurrence', 'incident_regression'])
      expect(dialect.read(delivery({ ...incident, action }))).toEqual([{ says: 'nothing', code: 'no_value' }])
  })
  it('what people do with an incident is another event', () => {
    for (const action of ['incident_assigned', 'incident_resolved', undefined])
      expect(dialect.read(delivery({ ...incident, action }))).toEqual([{ says: 'nothing', code: 'other_event' }])
  })
})

describe('Standard Webhooks', () => {
  const webhook = (body: unknown, clear = true) => {
    const dialect = dialectOf({
      dialect: 'standard-webhooks',
      id: 'mine',
      secrets: [{ file: 'whsec' }],
      clear,
    } as never)
    return dialect.read(delivery(body, { 'webhook-id': 'msg_1' }))
  }
  const sealed = 'a.b.c.d.e'

  it('a CloudEvent is the event that it is, by its source and id', () => {
    const event = { specversion: '1.0', id: 'e', source: '/s', type: 'curfew.session.ended', data: { session: 's' } }
    expect(webhook(event)).toEqual([
      { says: 'event', id: '["/s","e"]', type: 'curfew.session.ended', data: { session: 's' } },
    ])
  })
  it('a sealed value is a leak of the standard event, by the webhook’s id', () => {
    const said = { says: 'event', id: 'msg_1', type: 'curfew.leak.detected', data: { sealed, source: 'mine:scanner' } }
    expect(webhook({ sealed, source: 'scanner' }, false)).toEqual([said])
    expect(webhook({ type: 'leak', timestamp: 't', data: { sealed, source: 'scanner' } }, false)).toEqual([said])
  })
  it('values in clear are taken only where the config says so', () => {
    expect(webhook({ values: ['tok_1', 'tok_2'], value: 'tok_3' })).toMatchObject([
      { says: 'leak', id: 'msg_1', values: ['tok_3', 'tok_1', 'tok_2'], source: 'mine' },
    ])
    const { code, message } = rejected(() => webhook({ value: 'tok_1' }, false))
    expect([code, message.includes('tok_1')]).toEqual(['value_in_clear', false])
  })
  it('no value says nothing', () => expect(webhook({ type: 'test' })).toEqual([{ says: 'nothing', code: 'no_value' }]))
  it.each([
    [{ specversion: '1.0', id: 'e', source: '/s', type: 'curfew.unheard' }, 'unknown_type'],
    [{ specversion: '0.3', id: 'e', source: '/s', type: 'curfew.session.ended' }, 'not_a_cloudevent'],
  ])('what is no event of ours is refused', (body, code) => expect(rejected(() => webhook(body)).code).toBe(code))
})

describe('a report over the inbox', () => {
  const dialect = dialectOf({ dialect: 'report', secrets })
  it('each finding is a leak, a redacted one says so', () => {
    const lines = [
      { DetectorName: 'AWS', Raw: 'AKIA1', RawV2: 'AKIA1:s3cr3t', SourceMetadata: {} },
      { DetectorName: 'Github', Raw: '', SourceMetadata: {} },
    ]
    expect(dialect.read(delivery(lines.map(line => JSON.stringify(line)).join('\n')))).toMatchObject([
      { says: 'leak', values: ['AKIA1', 'AKIA1:s3cr3t', 's3cr3t'], source: 'trufflehog:AWS' },
      { says: 'nothing', code: 'redacted' },
    ])
  })
  it('an unknown format is refused', () =>
    expect(rejected(() => dialect.read(delivery('{"hello":1}'))).code).toBe('unknown_format'))
})
