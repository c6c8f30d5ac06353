/** What an orchestrator imports. */
export { type CurfewClient, curfewClient, type Grant } from './curfew-client.ts'
export { type ClientOptions, CurfewRefused } from './send-event.ts'
export { type CurfewSession, type CurfewTask, type SessionOptions, withSession } from './with-session.ts'
