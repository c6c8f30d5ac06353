import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { loadPreset, parsePreset, shippedPresets } from '../../services/stores/key-api/load-preset.ts'
import { hostilePreset } from '../support/key-stores.ts'

const hostile = readFileSync(hostilePreset, 'utf8')
const wrong = (from: string, to: string): string => {
  expect(hostile).toContain(from)
  try {
    parsePreset(hostile.replace(from, to), 'mine.yaml')
  } catch (error) {
    return error instanceof Error ? error.message : ''
  }
  return 'it was accepted'
}

describe('presets', () => {
  it.each(shippedPresets())('%s is valid, and says what it was tried against', name => {
    expect(loadPreset({ preset: name }).tried).toMatch(/tests|untested|run by hand/)
  })

  it('one that does not exist is answered with those that do', () => {
    expect(() => loadPreset({ preset: 'bettr-auth' })).toThrow('no preset "bettr-auth"; there are better-auth, ')
    expect(() => loadPreset({ presetFile: join('no', 'such.yaml') })).toThrow('there is no preset at')
  })

  it.each([
    [
      'a field that does not exist',
      '  done: [204, 200]',
      '  don: [204, 200]',
      /line \d+, revoke\.don: there is no such field/,
    ],
    ['a field that is missing', 'windowSeconds: 3\n', '', /line \d+, windowSeconds: is missing/],
    [
      'a name that stands for nothing',
      '{{page.size}}',
      '{{page.seize}}',
      /status\.list\.request: \{\{page\.seize\}\} stands for nothing here; there are .*page\.size/,
    ],
    [
      'a name of another place',
      '"{{parameters.email}}"',
      '"{{handle}}"',
      /login\.request: \{\{handle\}\} stands for nothing here/,
    ],
    [
      'a budget that does not exist',
      '  budget: tokens\n  # 200',
      '  budget: tokns\n  # 200',
      /revoke\.budget: no budget "tokns"; there are api, login, door, tokens/,
    ],
    ['a key in an address', '/v1/tokens/admin/{{handle}}', '/v1/tokens/{{value}}', /revoke\.request: .*access log/],
    ['a pattern that is none', '"^[0-9a-f-]{36}$"', '"^[0-9"', /handle\.pattern: /],
    [
      'a status that is none',
      'already: [409]',
      'already: [4090]',
      /line \d+, revoke\.already\.0: an HTTP status is a number from 100 to 599/,
    ],
    ['YAML that is none', 'format: 1', 'format: [1', /mine\.yaml is not valid YAML: .* at line \d+/],
  ])('%s is told by line and field', (_, from, to, said) => expect(wrong(from, to)).toMatch(said))

  it.each([
    [
      'a bare 404 is no death: a gateway says it of living keys',
      '      absent: [404]',
      /status\.get\.absent\.0: with `absent: dead` a status alone is no proof/,
    ],
    ["a product's own words are", '      absent: [{ status: 404, contains: no such key }]', /it was accepted/],
  ])('%s', (_, absent, said) => {
    const by = `  absent: dead\n  get:\n      request: { method: GET, path: "/v1/tokens/{{handle}}" }\n${absent}\nissue:`
    expect(wrong(hostile.slice(hostile.indexOf('  list:'), hostile.indexOf('issue:') + 'issue:'.length), by)).toMatch(
      said,
    )
  })

  it.each([
    ['{{secrets.password}}', 'path'],
    ['{{login.token}}', 'path'],
  ])('%s in an address would stand in every access log', name => {
    expect(wrong('/v1/tokens/admin/{{handle}}', `/v1/tokens/${name}`)).toMatch(/every access log/)
  })

  it('a product that can neither be asked nor used is refused: nobody could prove a key dead', () => {
    const mute = hostile
      .replace(/status:\n[\s\S]*?\nissue:/, 'issue:')
      .replace(/\ndoor:\n[\s\S]*?\nwindowSeconds/, '\nwindowSeconds')
    expect(() => parsePreset(mute, 'mute')).toThrow('nobody could prove a key dead')
  })
})
