import { z } from 'zod'
import {
  errorAnswer,
  eventsAnswer,
  fingerprintAnswer,
  fingerprintRequest,
  grantEntry,
  grantList,
  healthAnswer,
  keysAnswer,
  receiptList,
  revocationAnswer,
  revocationRequest,
  sessionDetail,
  sessionList,
} from './http.ts'
import { doctorReport } from './http-doctor.ts'
import { lag } from './http-lag.ts'
import { applyAnswer, applyRequest, approvalRequest, plan, planDetail, planRequest } from './http-plans.ts'
import { queries } from './http-queries.ts'
import { deadLetterList, replayPlan, replayRequest } from './http-replay.ts'
import { rotationAnswer, rotationRequest, secretDetail, secretList } from './http-secrets.ts'
import { grantStory } from './http-story.ts'
import { inboxAnswer, leaksAnswer, leaksRequest } from './leaks.ts'
import { receipt } from './receipt.ts'
import type { Right } from './roles.ts'
import { ssfPoll, ssfVerification } from './ssf.ts'
import { status } from './status.ts'

/** Every shape that has a name in the document. */
export const httpShapes: Record<string, z.ZodType> = {
  Error: errorAnswer,
  Session: sessionDetail,
  SessionList: sessionList,
  Grant: grantEntry,
  GrantList: grantList,
  Receipt: receipt,
  ReceiptList: receiptList,
  Status: status,
  RevocationRequest: revocationRequest,
  RevocationAnswer: revocationAnswer,
  PlanRequest: planRequest,
  Plan: plan,
  PlanDetail: planDetail,
  ApprovalRequest: approvalRequest,
  ApplyRequest: applyRequest,
  ApplyAnswer: applyAnswer,
  SecretList: secretList,
  Secret: secretDetail,
  RotationRequest: rotationRequest,
  RotationAnswer: rotationAnswer,
  FingerprintRequest: fingerprintRequest,
  FingerprintAnswer: fingerprintAnswer,
  Keys: keysAnswer,
  EventsAnswer: eventsAnswer,
  LeaksRequest: leaksRequest,
  LeaksAnswer: leaksAnswer,
  InboxAnswer: inboxAnswer,
  Health: healthAnswer,
  GrantStory: grantStory,
  DeadLetterList: deadLetterList,
  ReplayRequest: replayRequest,
  ReplayPlan: replayPlan,
  Doctor: doctorReport,
  Lag: lag,
  SsfPoll: ssfPoll,
  SsfVerification: ssfVerification,
  CloudEvent: z.looseObject({
    specversion: z.literal('1.0'),
    id: z.string().min(1),
    source: z.string().min(1),
    type: z.string(),
    data: z.looseObject({}).optional(),
  }),
}
type Shape = 'text' | 'html' | 'nothing' | 'any' | keyof typeof httpShapes

export type HttpRoute = {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** As the server writes it: `/v1/grants/:id`. */
  path: string
  /** One of them is needed. `nobody`: no token; `signature`: the sender's own, over the raw body. */
  who: Right[] | 'nobody' | 'signature'
  summary: string
  query?: z.ZodObject
  body?: Shape
  answers: Record<number, Shape>
  /** Pages and their files, for people: not in the document. A path that ends in `*` covers what is below. */
  undocumented?: true
}

/**
 * Every route of the API: the document is made of this table, and the test of routes and roles fails for a registered route
 * that is not in it. To add one: its row here, its shapes above, its `requires(parts, ...)` where it is registered.
 */
export const httpRoutes: HttpRoute[] = [
  {
    method: 'POST',
    path: '/v1/events',
    who: ['known'],
    summary: 'One CloudEvent, structured or binary. A 202 means that its facts are durable.',
    body: 'CloudEvent',
    answers: { 202: 'EventsAnswer' },
  },
  { method: 'GET', path: '/v1/keys', who: ['known'], summary: 'The key that seals values.', answers: { 200: 'Keys' } },
  {
    method: 'POST',
    path: '/v1/fingerprints',
    who: ['viewer'],
    summary: 'The fingerprints of a sealed value, which is opened, fingerprinted and forgotten.',
    body: 'FingerprintRequest',
    answers: { 200: 'FingerprintAnswer' },
  },
  {
    method: 'POST',
    path: '/v1/leaks',
    who: ['leak'],
    summary: 'Findings with sealed values. What of it is ours dies; a dry run only asks.',
    body: 'LeaksRequest',
    answers: { 200: 'LeaksAnswer', 202: 'LeaksAnswer' },
  },
  {
    method: 'POST',
    path: '/v1/inbox/:sender',
    who: 'signature',
    summary: 'A webhook in the dialect of its sender, authenticated by its own signature.',
    body: 'any',
    answers: { 202: 'InboxAnswer', 204: 'nothing' },
  },
  {
    method: 'POST',
    path: '/v1/inbox/:sender/*',
    who: 'signature',
    summary: 'The same, for a dialect that has paths of its own.',
    body: 'any',
    answers: { 202: 'InboxAnswer', 204: 'nothing' },
  },
  {
    method: 'GET',
    path: '/v1/inbox/:sender/*',
    who: 'signature',
    summary: 'What a dialect lets its sender ask.',
    answers: { 200: 'any' },
  },
  {
    method: 'GET',
    path: '/v1/status',
    who: ['viewer'],
    summary: 'Is anything alive that should be dead, and is Curfew itself well?',
    answers: { 200: 'Status' },
  },
  {
    method: 'GET',
    path: '/v1/sessions',
    who: ['viewer'],
    summary: 'Sessions, the newest first.',
    query: queries.list,
    answers: { 200: 'SessionList' },
  },
  {
    method: 'GET',
    path: '/v1/sessions/:id',
    who: ['lifecycle', 'viewer'],
    summary: 'One session with its grants and receipts; waits until it is closed where that is asked for.',
    query: queries.session,
    answers: { 200: 'Session' },
  },
  {
    method: 'GET',
    path: '/v1/grants',
    who: ['viewer'],
    summary: 'Grants without an outcome, the next to die first; of one session: all.',
    query: queries.grants,
    answers: { 200: 'GrantList' },
  },
  {
    method: 'GET',
    path: '/v1/grants/:id',
    who: ['viewer'],
    summary: 'One grant, dead or alive.',
    answers: { 200: 'Grant' },
  },
  {
    method: 'GET',
    path: '/v1/held',
    who: ['viewer'],
    summary: 'Inferred kills that wait over the cap for a person.',
    query: queries.list,
    answers: { 200: 'GrantList' },
  },
  {
    method: 'GET',
    path: '/v1/blocked',
    who: ['viewer'],
    summary: 'What its store does not let die, with why and since when.',
    query: queries.list,
    answers: { 200: 'GrantList' },
  },
  {
    method: 'GET',
    path: '/v1/receipts',
    who: ['viewer'],
    summary: 'Deaths, the newest first.',
    query: queries.receipts,
    answers: { 200: 'ReceiptList' },
  },
  {
    method: 'POST',
    path: '/v1/revocations',
    who: ['revoker'],
    summary: 'Ends one session, task or grant at once.',
    body: 'RevocationRequest',
    answers: { 202: 'RevocationAnswer' },
  },
  {
    method: 'POST',
    path: '/v1/plans',
    who: ['revoker'],
    summary: 'Says what would die of what a selector names, and does nothing.',
    body: 'PlanRequest',
    answers: { 201: 'Plan' },
  },
  {
    method: 'GET',
    path: '/v1/plans/:id',
    who: ['viewer'],
    summary: 'A plan, and how each credential of it stands now.',
    query: queries.list,
    answers: { 200: 'PlanDetail' },
  },
  {
    method: 'POST',
    path: '/v1/plans/:id/approval',
    who: ['approver'],
    summary: 'The second person’s word for exactly this hash, for 10 minutes.',
    body: 'ApprovalRequest',
    answers: { 200: 'Plan' },
  },
  {
    method: 'POST',
    path: '/v1/plans/:id/apply',
    who: ['revoker'],
    summary: 'What was looked at becomes facts, once. Refused if more would die now than was looked at.',
    body: 'ApplyRequest',
    answers: { 202: 'ApplyAnswer' },
  },
  {
    method: 'GET',
    path: '/v1/secrets',
    who: ['viewer'],
    summary: 'Registered secrets and how they stand.',
    answers: { 200: 'SecretList' },
  },
  {
    method: 'GET',
    path: '/v1/secrets/:id',
    who: ['viewer'],
    summary: 'One secret with its versions and rotations.',
    answers: { 200: 'Secret' },
  },
  {
    method: 'POST',
    path: '/v1/rotations',
    who: ['revoker'],
    summary: 'Gives a registered secret a new value everywhere; a dry run only says what would be done.',
    body: 'RotationRequest',
    answers: { 200: 'RotationAnswer', 202: 'RotationAnswer' },
  },
  {
    method: 'GET',
    path: '/v1/grants/:id/story',
    who: ['viewer'],
    summary: 'A grant’s whole story, in order, each line with its source.',
    answers: { 200: 'GrantStory' },
  },
  {
    method: 'GET',
    path: '/v1/dead-letters',
    who: ['viewer'],
    summary: 'What could not be taken in, and why, the newest first. Never a payload.',
    query: queries.deadLetters,
    answers: { 200: 'DeadLetterList' },
  },
  {
    method: 'POST',
    path: '/v1/replays',
    who: ['replayer'],
    summary: 'What would change if these records were taken in again. Changes nothing.',
    body: 'ReplayRequest',
    answers: { 200: 'ReplayPlan' },
  },
  {
    method: 'POST',
    path: '/v1/replays/:plan',
    who: ['replayer'],
    summary: 'Takes in what was looked at; done work is a no-op.',
    answers: { 202: 'ReplayPlan' },
  },
  {
    method: 'GET',
    path: '/v1/replays/:plan',
    who: ['replayer'],
    summary: 'How far a replay is.',
    answers: { 200: 'ReplayPlan' },
  },
  {
    method: 'GET',
    path: '/v1/doctor',
    who: ['viewer'],
    summary: 'Is each right there that revoking needs, before it is needed?',
    query: queries.doctor,
    answers: { 200: 'Doctor' },
  },
  {
    method: 'GET',
    path: '/v1/lag',
    who: ['viewer'],
    summary: 'How long credentials lived past due, by time, store and cause.',
    query: queries.lag,
    answers: { 200: 'Lag' },
  },
  {
    method: 'GET',
    path: '/v1/stream',
    who: ['viewer'],
    summary: 'Server-Sent Events: how things stand, then what changes.',
    answers: { 200: 'text' },
  },
  {
    method: 'GET',
    path: '/.well-known/ssf-configuration',
    who: 'nobody',
    summary: 'Where receivers of Security Event Tokens find what they need (SSF 1.0).',
    answers: { 200: 'any' },
  },
  {
    method: 'GET',
    path: '/v1/ssf/jwks',
    who: 'nobody',
    summary: 'The public keys of our Security Event Tokens.',
    answers: { 200: 'any' },
  },
  {
    method: 'GET',
    path: '/v1/ssf/streams',
    who: ['known'],
    summary: 'The streams of this principal.',
    answers: { 200: 'any' },
  },
  {
    method: 'GET',
    path: '/v1/ssf/status',
    who: ['known'],
    summary: 'How a stream of this principal stands.',
    answers: { 200: 'any' },
  },
  {
    method: 'POST',
    path: '/v1/ssf/verification',
    who: ['known'],
    summary: 'Asks for a verification event on a stream.',
    body: 'SsfVerification',
    answers: { 204: 'nothing' },
  },
  {
    method: 'POST',
    path: '/v1/ssf/streams/:id/poll',
    who: ['known'],
    summary: 'Polling (RFC 8936): acknowledges, and takes what is there.',
    body: 'SsfPoll',
    answers: { 200: 'any' },
  },
  { method: 'GET', path: '/', who: 'nobody', summary: 'The page.', answers: { 200: 'html' }, undocumented: true },
  {
    method: 'GET',
    path: '/page/*',
    who: 'nobody',
    summary: 'Its files.',
    answers: { 200: 'any' },
    undocumented: true,
  },
  {
    method: 'GET',
    path: '/v1/openapi.json',
    who: ['known'],
    summary: 'This document.',
    answers: { 200: 'any' },
  },
  {
    method: 'GET',
    path: '/healthz',
    who: 'nobody',
    summary: '200 only while canaries die and are proven dead.',
    answers: { 200: 'Health', 503: 'Health' },
  },
  { method: 'GET', path: '/metrics', who: 'nobody', summary: 'For Prometheus.', answers: { 200: 'text' } },
]
