import type { Delivery } from '../../services/intake/dialects/dialect.ts'
import type { Random } from './random.ts'

/** One change of a delivery: a bit, a byte or a piece of its body, a character of a header, a header gone, or its time. */
export const mutated = (one: Delivery, { below }: Random, signsBody: boolean): { delivery: Delivery; how: string } => {
  const names = Object.keys(one.headers).filter(name => name !== 'x-github-event')
  const name = names[below(names.length)] ?? ''
  const text = one.headers[name] ?? ''
  const kind = signsBody ? below(8) : 4 + below(4)
  if (kind < 4) return { delivery: { ...one, body: mutatedBody(one.body, kind, below) }, how: `body ${kind}` }
  const headers = { ...one.headers, [name]: kind === 7 ? undefined : mutatedText(text, kind, below) }
  return { delivery: { ...one, headers }, how: `${name} ${kind}` }
}

const mutatedBody = (body: Buffer, kind: number, below: Random['below']): Buffer => {
  const at = below(body.length)
  if (kind === 0) {
    const copy = Buffer.from(body)
    copy[at] = (copy[at] ?? 0) ^ (1 << below(8))
    return copy
  }
  const [head, tail] = [body.subarray(0, at), body.subarray(at)]
  if (kind === 1) return Buffer.concat([head, tail.subarray(1)])
  if (kind === 2) return Buffer.concat([head, Buffer.from([below(256)]), tail])
  return head
}

const printable = (below: Random['below']) => String.fromCharCode(0x20 + below(0x5f))

const mutatedText = (text: string, kind: number, below: Random['below']): string => {
  const at = below(text.length)
  if (kind === 6) return text.slice(0, at) + text.slice(at + 1)
  if (kind === 5) return text.slice(0, at) + printable(below) + text.slice(at)
  let other = printable(below)
  while (other === text[at]) other = printable(below)
  return text.slice(0, at) + other + text.slice(at + 1)
}
