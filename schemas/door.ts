import { z } from 'zod'
import { answers } from './answer.ts'

/**
 * Where the credential itself is used: one request that changes nothing. What is neither `refused` nor `accepted` says nothing
 * (a 403, a 404, a 429, an "access denied" inside a 200 come with living credentials too). `refused` is looked at first.
 */
export const door = z.strictObject({
  url: z.url(),
  method: z.enum(['GET', 'POST', 'HEAD']).default('GET'),
  /** `{{value}}` is the credential. */
  headers: z.record(z.string(), z.string()).default({ authorization: 'Bearer {{value}}' }),
  json: z.unknown().optional(),
  accepted: answers.default([200, 201, 202, 204]),
  refused: answers.default([401]),
})
export type DoorConfig = z.infer<typeof door>

/** An MCP server over Streamable HTTP: what it answers to `initialize` says whether the bearer is accepted. */
export const mcpDoor = (
  url: string,
  changes: Partial<Pick<DoorConfig, 'headers' | 'accepted' | 'refused'>> = {},
): DoorConfig =>
  door.parse({
    url,
    method: 'POST',
    headers: {
      ...(changes.headers ?? { authorization: 'Bearer {{value}}' }),
      accept: 'application/json, text/event-stream',
      'content-type': 'application/json',
    },
    json: {
      jsonrpc: '2.0',
      id: 1,
      method: 'initialize',
      params: {
        protocolVersion: '2025-11-25',
        capabilities: {},
        clientInfo: { name: 'curfew-probe', version: '1' },
      },
    },
    accepted: changes.accepted ?? [{ status: 200, contains: 'protocolVersion' }],
    ...(changes.refused === undefined ? {} : { refused: changes.refused }),
  })
