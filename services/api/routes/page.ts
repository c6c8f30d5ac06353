import { createHash } from 'node:crypto'
import { globSync, readFileSync } from 'node:fs'
import { createRequire, stripTypeScriptTypes } from 'node:module'
import { basename, dirname, extname, join } from 'node:path'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

/**
 * The page: GET / and its files. They hold nothing of anybody, so they need no token; what they show comes from /v1 with the
 * token of whoever looks. Scripts, styles and connections from here alone; no text can become script (Trusted Types).
 */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ')

const headers = {
  'content-security-policy': policy,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'geolocation=(), camera=(), microphone=()',
  'cache-control': 'no-cache',
}

type PageFile = { type: string; body: Buffer; etag: string }
const types: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.ts': 'text/javascript; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
}
const folder = join(import.meta.dirname, '../../dashboard')

/** By name, from a list made at the start: no path of a request reaches the disk. */
const pageFiles = (): ReadonlyMap<string, PageFile> => {
  const own = globSync('*.{html,css,svg,ts}', { cwd: folder, exclude: ['*.d.ts'] }).map(name => join(folder, name))
  const uplot = dirname(createRequire(import.meta.url).resolve('uplot'))
  const found = [...own, join(uplot, 'uPlot.esm.js'), join(uplot, 'uPlot.min.css')]
  return new Map(found.map(file => [nameOf(file), fileOf(file)]))
}
/** The library's own names do not say what is in them. */
const nameOf = (file: string) =>
  basename(file).replace('uPlot.esm.js', 'uplot.js').replace('uPlot.min.css', 'uplot.css')

const fileOf = (file: string): PageFile => {
  const text = readFileSync(file, 'utf8')
  const extension = extname(file)
  const body = Buffer.from(extension === '.ts' ? withoutTypes(text) : text)
  return {
    type: types[extension] ?? 'application/octet-stream',
    body,
    etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`,
  }
}

/** As Node runs our own files: types become white space, and nothing else is touched. Its warning says nothing to an operator. */
const withoutTypes = (text: string): string => {
  const { emitWarning } = process
  process.emitWarning = () => undefined
  try {
    return stripTypeScriptTypes(text)
  } finally {
    process.emitWarning = emitWarning
  }
}

export const pageRoute = (app: FastifyInstance): void => {
  let read: ReadonlyMap<string, PageFile> | undefined
  const answer = (request: FastifyRequest, reply: FastifyReply, name: string) => {
    read ??= pageFiles()
    const file = read.get(name)
    if (!file) return reply.callNotFound()
    void reply.headers({ ...headers, etag: file.etag })
    if (request.headers['if-none-match'] === file.etag) return reply.code(304).send()
    return reply.type(file.type).send(file.body)
  }
  app.get('/', (request, reply) => answer(request, reply, 'page.html'))
  app.get<{ Params: { name: string } }>('/page/:name', (request, reply) => answer(request, reply, request.params.name))
}
