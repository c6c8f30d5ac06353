import { createHash, createHmac } from 'node:crypto'

/** For the local stack and its tests: one signed call to AWS or to what stands for it. Nothing of Curfew's own. */
export type AwsLogin = { endpoint: string; region: string; accessKeyId: string; secretAccessKey: string }
export type AwsReply = { status: number; text: string }
type SignedRequest = { service: string; headers: Record<string, string>; body: string }

/** AWS Signature Version 4, POST to `/`. */
export const signedCall = async (login: AwsLogin, { service, headers, body }: SignedRequest): Promise<AwsReply> => {
  const { endpoint, region, accessKeyId, secretAccessKey } = login
  const at = new Date().toISOString().replaceAll(/[-:]|\.\d+/g, '')
  const day = at.slice(0, 8)
  const signed: Record<string, string> = { ...headers, host: new URL(endpoint).host, 'x-amz-date': at }
  const names = Object.keys(signed).sort()
  const canonical = names.map(name => `${name}:${signed[name]}\n`).join('')
  const request = ['POST', '/', '', canonical, names.join(';'), sha256(body)].join('\n')
  const scope = `${day}/${region}/${service}/aws4_request`
  const key = [day, region, service, 'aws4_request'].reduce<string | Buffer>(hmac, `AWS4${secretAccessKey}`)
  const signature = hmac(key, ['AWS4-HMAC-SHA256', at, scope, sha256(request)].join('\n')).toString('hex')
  const authorization = `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope}, SignedHeaders=${names.join(';')}, Signature=${signature}`
  const answer = await fetch(endpoint, {
    method: 'POST',
    headers: { ...headers, 'x-amz-date': at, authorization },
    body,
    signal: AbortSignal.timeout(5_000),
  })
  return { status: answer.status, text: await answer.text() }
}

const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest()
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

/** Secrets Manager speaks JSON. */
export const callSecrets = async (login: AwsLogin, action: string, input: object): Promise<Record<string, unknown>> => {
  const headers = { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `secretsmanager.${action}` }
  const reply = await signedCall(login, { service: 'secretsmanager', headers, body: JSON.stringify(input) })
  const body = JSON.parse(reply.text) as Record<string, unknown>
  if (reply.status === 200) return body
  throw new Error(`Secrets Manager answered ${reply.status} ${String(body.__type)} to ${action}`)
}

/** IAM speaks forms and XML. */
export const callIam = async (login: AwsLogin, action: string, input: Record<string, string>): Promise<string> => {
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  const body = new URLSearchParams({ Action: action, Version: '2010-05-08', ...input }).toString()
  const reply = await signedCall(login, { service: 'iam', headers, body })
  if (reply.status === 200) return reply.text
  throw new Error(`IAM answered ${reply.status} to ${action}: ${/<Code>(\w+)/.exec(reply.text)?.[1]}`)
}
