import { describe, expect, it } from 'vitest'
import { readReport } from '../../services/intake/reports/read-report.ts'
import { isRedacted } from '../../services/intake/reports/redacted.ts'

const lines = (...rows: unknown[]) => rows.map(row => JSON.stringify(row)).join('\n')

const trufflehog = {
  SourceMetadata: { Data: { Git: { commit: '6b84f04f1c09', file: 'aws.ini', email: 'a <a@b.c>', line: 2 } } },
  SourceID: 1,
  SourceType: 16,
  SourceName: 'trufflehog - git',
  DetectorType: 2,
  DetectorName: 'AWS',
  DetectorDescription: 'AWS',
  DecoderName: 'PLAIN',
  Verified: false,
  VerificationFromCache: false,
  Raw: 'AKIAEXAMPLE',
  RawV2: 'AKIAEXAMPLE:secret-part-of-it',
  Redacted: 'AKIAEXAMPLE',
  ExtraData: { account: '1' },
  StructuredData: null,
  SecretParts: { key_id: 'AKIAEXAMPLE', secret: 'secret-part-of-it' },
}
const gitleaks = {
  RuleID: 'generic-api-key',
  Description: 'd',
  StartLine: 7,
  EndLine: 7,
  StartColumn: 1,
  EndColumn: 2,
  Match: 'key = "s3cret-value-1"',
  Secret: 's3cret-value-1',
  File: 'src/a.py',
  SymlinkFile: '',
  Commit: 'abcdef0123456789',
  Entropy: 3.1,
  Author: 'a',
  Email: 'e',
  Date: 'd',
  Message: 'm',
  Tags: [],
  Fingerprint: 'abcdef0123456789:src/a.py:generic-api-key:7',
}
const betterleaks = {
  ruleID: 'aws-keys',
  description: 'd',
  confidence: 'high',
  match: 'AKIAEXAMPLE',
  secret: 'AKIAEXAMPLE',
  captureGroups: { id: 'AKIAEXAMPLE' },
  attributes: { path: 'src/b.go', 'git.sha': '0123456789abcdef', resource: 'git.patch_content' },
  location: { startLine: 3, endLine: 3, startColumn: 1, endColumn: 2 },
  validation: { status: 'valid', reason: 'ok' },
  componentSets: [{ components: [{ ruleID: 'aws-secret', match: 'm', secret: 'other-part', location: {} }] }],
  tags: [],
}

describe('reports of scanners', () => {
  it('TruffleHog: the whole, each part, and where', () => {
    expect(readReport(lines(trufflehog))).toEqual({
      format: 'trufflehog',
      unreadable: 0,
      findings: [
        {
          detector: 'AWS',
          // A place that repeats the value would be hidden.
          where: 'aws.ini:2 @6b84f04f',
          values: ['AKIAEXAMPLE', 'AKIAEXAMPLE:secret-part-of-it', 'secret-part-of-it'],
        },
      ],
    })
  })
  it('TruffleHog: parts that are joined without anything between them', () => {
    const [finding] = readReport(
      lines({ ...trufflehog, RawV2: 'AKIAEXAMPLEthe-rest', SecretParts: undefined }),
    ).findings
    expect(finding?.values).toEqual(['AKIAEXAMPLE', 'AKIAEXAMPLEthe-rest', 'the-rest'])
  })
  it('TruffleHog: verified, unverified and unknown are alike', () => {
    const rows = [{ Verified: true }, { Verified: false }, { Verified: false, VerificationError: 'timeout' }]
    const { findings } = readReport(lines(...rows.map(row => ({ ...trufflehog, ...row }))))
    expect(findings.map(finding => finding.values.length)).toEqual([3, 3, 3])
  })
  it('TruffleHog: lines of its log between findings are counted, not read', () => {
    const text = `${lines({ level: 'info', msg: 'running' }, trufflehog)}\nnot json at all\n`
    expect(readReport(text)).toMatchObject({ format: 'trufflehog', unreadable: 2, findings: [{ detector: 'AWS' }] })
  })
  it('gitleaks', () => {
    expect(readReport(JSON.stringify([gitleaks], undefined, 1))).toEqual({
      format: 'gitleaks',
      unreadable: 0,
      findings: [{ detector: 'generic-api-key', where: 'src/a.py:7 @abcdef01', values: ['s3cret-value-1'] }],
    })
  })
  it('betterleaks: list, lines, and what it writes as gitleaks does', () => {
    const found = {
      detector: 'aws-keys',
      where: 'src/b.go:3 @01234567',
      values: ['AKIAEXAMPLE', 'other-part'],
    }
    expect(readReport(JSON.stringify([betterleaks]))).toMatchObject({ format: 'betterleaks', findings: [found] })
    expect(readReport(lines(betterleaks, betterleaks)).findings).toEqual([found, found])
    const old = { ...gitleaks, ValidationStatus: 'valid', ValidationReason: 'r', Attributes: {} }
    expect(readReport(JSON.stringify([old]))).toMatchObject({
      format: 'betterleaks',
      findings: [{ values: ['s3cret-value-1'] }],
    })
  })
  it.each(['REDACTED', 's3cr...', '', '********', 'xxxx', '<redacted>', 's3cr*****'])(
    'redacted says so: "%s"',
    Secret => {
      expect(readReport(JSON.stringify([{ ...gitleaks, Secret }])).findings).toMatchObject([{ values: [] }])
    },
  )
  it('a value is not taken for a redaction', () => {
    for (const value of ['p@ss', '!!..!!', 'REDACTED-1', 'a***b', 'hunter2', '.env.value'])
      expect(isRedacted(value)).toBe(false)
  })
  it('one finding that somebody printed over several lines', () =>
    expect(readReport(JSON.stringify(trufflehog, undefined, 2)).findings.length).toBe(1))
  it('a clean report has no findings', () => {
    for (const text of ['[]', '', '\n']) expect(readReport(text)).toMatchObject({ findings: [], unreadable: 0 })
  })
  it('what is no report is refused, and not quoted', () => {
    for (const text of ['hunter2', '{"a":"hunter2"}', '[1,2]', '[["hunter2"]]'])
      expect(() => readReport(text)).toThrow(/^the report is of no known format|^the report has nothing/)
    expect(() => readReport(JSON.stringify([gitleaks]), 'trufflehog')).toThrow(/nothing that trufflehog writes/)
  })
  it('a path or a rule that has the value in it is not shown', () => {
    const { findings } = readReport(JSON.stringify([{ ...gitleaks, File: 'keys/s3cret-value-1.txt' }]))
    expect(findings).toMatchObject([{ where: 'hidden' }])
  })
  it('fields of another kind do no harm', () => {
    const odd = { ...betterleaks, captureGroups: 7, componentSets: [null, { components: [3, {}] }], attributes: null }
    expect(readReport(JSON.stringify([odd])).findings).toMatchObject([{ values: ['AKIAEXAMPLE'] }])
  })
})
