/** oidc-provider ships no types: what the sample issuer uses of it. */
declare module 'oidc-provider' {
  import type { IncomingMessage, ServerResponse } from 'node:http'

  type Model = { jti: string; save(): Promise<string> }
  type Grant = Model & { addResourceScope(resource: string, scope: string): void }
  type Client = { clientId: string }
  export class Provider {
    constructor(issuer: string, configuration: Record<string, unknown>)
    callback(): (request: IncomingMessage, response: ServerResponse) => void
    Client: { find(id: string): Promise<Client | undefined> }
    Grant: new (
      properties: Record<string, unknown>,
    ) => Grant
    RefreshToken: new (
      properties: Record<string, unknown>,
    ) => Model
    AccessToken: new (
      properties: Record<string, unknown>,
    ) => Model
  }
  export const errors: { InvalidRequest: new (description: string) => Error }
}
