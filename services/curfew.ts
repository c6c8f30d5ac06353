#!/usr/bin/env node
import { homedir } from 'node:os'
import type { BreakGlass } from '../schemas/break-glass.ts'
import { type AuditCommands, processIo, type ReadReport, type TestStore } from './cli/io.ts'
import { runCli } from './cli/run-cli.ts'

/** Loaded only where it is needed: every other command starts faster without the stores. */
const testStore: TestStore = async wanted => (await import('./store-test.ts')).testStore(wanted)
const readReport: ReadReport = async (text, format) =>
  (await import('./intake/reports/read-report.ts')).readReport(text, format)
const audit: AuditCommands = {
  verify: async wanted => (await import('./audit-commands.ts')).verify(wanted),
  newest: async dir => (await import('./audit-commands.ts')).newest(dir),
  publicKeys: async configFile => (await import('./audit-commands.ts')).exportKeys(configFile),
}
const loadBreakGlass = async () => (await import('./break-glass.ts')).breakGlass(homedir())
const breakGlass: BreakGlass = {
  plan: async wanted => (await loadBreakGlass()).plan(wanted),
  reconcile: async configFile => (await loadBreakGlass()).reconcile(configFile),
}

process.exitCode = await runCli(process.argv.slice(2), processIo({ testStore, readReport, audit, breakGlass }))
