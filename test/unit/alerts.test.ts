import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from 'commander'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { cliProgram } from '../../services/cli/program.ts'
import { promtool, withoutPrometheus } from '../support/prometheus.ts'

const root = join(import.meta.dirname, '..', '..')
const folder = join(root, 'infra', 'prometheus')
const read = (file: string) => readFileSync(join(root, file), 'utf8')
const files = (pattern: string) => globSync(pattern, { cwd: folder }).map(file => join(folder, file))

type Rule = { alert?: string; expr: string; labels: Record<string, string>; annotations: Record<string, string> }
const rules = files('rules/*.yaml').flatMap(file =>
  (parse(readFileSync(file, 'utf8')) as { groups: { rules: Rule[] }[] }).groups.flatMap(group => group.rules),
)
const alerts = rules.filter(rule => rule.alert !== undefined)
const runbook = read('docs/runbook.md')
const sections = runbook.split(/^## /m).slice(1)
const anchorOf = (section: string) => (section.split('\n')[0] ?? '').toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')

const sub = (command: Command, [name]: string[]) => command.commands.find(one => one.name() === name)

describe('alerts', () => {
  it('each says what is so in a sentence, how urgent it is, and which section of the runbook says what to type', () => {
    expect(alerts.length).toBeGreaterThan(15)
    for (const { alert, labels, annotations } of alerts) {
      expect(['page', 'ticket'], alert).toContain(labels.severity)
      expect(annotations.summary, alert).toMatch(/^.{40,}\.$/s)
      const anchor = /^docs\/runbook\.md#(.*)$/.exec(annotations.runbook_url ?? '')?.[1]
      const section = sections.find(one => anchorOf(one) === anchor)
      expect(section, `${alert}: ${annotations.runbook_url}`).toBeDefined()
      expect(section, alert).toContain(`\`${alert}\``)
      expect(section, alert).toContain('**It worked**')
      expect(section, alert).toContain('```sh\ncurfew ')
    }
  })

  it('each section of the runbook belongs to an alert', () => {
    const used = new Set(alerts.map(one => one.annotations.runbook_url?.split('#')[1]))
    expect(sections.map(anchorOf).filter(anchor => !used.has(anchor))).toEqual([])
  })

  it('each command of the runbook can be typed, with its arguments and options', () => {
    const program = cliProgram({} as never, () => undefined)
    const typed = [...runbook.matchAll(/^curfew (.*)$/gm)].map(match => match[1] ?? '')
    expect(typed.length).toBeGreaterThan(20)
    for (const line of typed) {
      let command = program as Command
      let words: string[] = line.match(/"[^"]*"|\S+/g) ?? []
      for (let next = sub(command, words); next !== undefined; next = sub(command, words)) {
        command = next
        words = words.slice(1)
      }
      expect(command, `curfew ${line}`).not.toBe(program)
      const { operands, unknown } = command.parseOptions(words)
      expect(unknown, `curfew ${line}`).toEqual([])
      const needed = command.registeredArguments
      expect(operands.length, `curfew ${line}`).toBeGreaterThanOrEqual(needed.filter(one => one.required).length)
      expect(operands.length, `curfew ${line}`).toBeLessThanOrEqual(needed.length)
    }
  })

  it('each is tried in both ways: it fires, and it does not', () => {
    type Tested = { tests: { alert_rule_test: { alertname: string; exp_alerts: unknown[] }[] }[] }
    const tried = files('tests/*.yaml')
      .flatMap(file => (parse(readFileSync(file, 'utf8')) as Tested).tests)
      .flatMap(test => test.alert_rule_test)
    for (const { alert } of alerts) {
      const outcomes = tried.filter(one => one.alertname === alert).map(one => one.exp_alerts.length > 0)
      expect([alert, outcomes.includes(true), outcomes.includes(false)]).toEqual([alert, true, true])
    }
  })
})

describe.skipIf(withoutPrometheus)(withoutPrometheus ?? 'promtool', () => {
  it('the rules and the config are valid', () => {
    const { status, output } = promtool(['check', 'config', join(folder, 'prometheus.yml')])
    expect([status, output]).toEqual([0, expect.stringContaining('2 rule files found')])
  })

  it('every rule fires when it should, and is silent when it should be', { timeout: 60_000 }, () => {
    for (const file of files('tests/*.yaml')) expect(promtool(['test', 'rules', file])).toMatchObject({ status: 0 })
  })
})
