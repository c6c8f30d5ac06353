import { readFileSync } from 'node:fs'
import type { GithubApiConfig } from '../../../schemas/inbox.ts'
import { NotNow } from '../../pipeline/errors.ts'
import { field, textOf } from './fields.ts'

/** A secret scanning alert by its place. */
export type AlertPlace = { owner: string; repo: string; number: number }
export type Alert = { state: string | undefined; secret: string | undefined }

const name = /^[\w.-]{1,100}$/
/** `owner/repo`; undefined: no such name, and no way out of the path. */
export const alertPlace = (fullName: unknown, number: unknown): AlertPlace | undefined => {
  const [owner = '', repo = '', ...more] = typeof fullName === 'string' ? fullName.split('/') : []
  const isName = (text: string) => name.test(text) && !/^\.+$/.test(text)
  if (!isName(owner) || !isName(repo) || more.length > 0) return undefined
  return Number.isSafeInteger(number) && Number(number) > 0 ? { owner, repo, number: Number(number) } : undefined
}

/** The three calls of GitHub's REST API that close the loop. Throws NotNow where GitHub gives no answer that means anything. */
export const githubApi = ({ baseUrl, tokenFile }: GithubApiConfig, fetch: typeof globalThis.fetch) => {
  const call = async (method: string, path: string, body: object | undefined, authorized: boolean) => {
    const token = authorized ? { authorization: `Bearer ${readFileSync(tokenFile, 'utf8').trim()}` } : {}
    try {
      const answer = await fetch(`${baseUrl.replace(/\/$/, '')}${path}`, {
        method,
        headers: {
          accept: 'application/vnd.github+json',
          'content-type': 'application/json',
          'user-agent': 'curfew',
          'x-github-api-version': '2022-11-28',
          connection: 'close',
          ...token,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        redirect: 'error',
        signal: AbortSignal.timeout(4_000),
      })
      return { status: answer.status, json: (await answer.json().catch(() => undefined)) as unknown }
    } catch {
      throw new NotNow('GitHub cannot be asked')
    }
  }
  const path = ({ owner, repo, number }: AlertPlace) => `/repos/${owner}/${repo}/secret-scanning/alerts/${number}`
  return {
    /** Undefined: there is no such alert, or the token may not see it. */
    alert: async (place: AlertPlace): Promise<Alert | undefined> => {
      const { status, json } = await call('GET', path(place), undefined, true)
      if (status === 404) return undefined
      if (status !== 200) throw new NotNow(`GitHub answered ${status} for an alert`)
      return { state: textOf(field(json, 'state')), secret: textOf(field(json, 'secret')) }
    },
    resolve: async (place: AlertPlace): Promise<void> => {
      const resolution_comment = 'Revoked, and seen refused since then (Curfew).'
      const body = { state: 'resolved', resolution: 'revoked', resolution_comment }
      const { status } = await call('PATCH', path(place), body, true)
      if (status !== 200) throw new NotNow(`GitHub answered ${status} to a resolution`)
    },
    /** Irreversible. Without a token: GitHub wants none there. True: taken (202), which is no proof of a death. */
    revoke: async (values: string[]): Promise<boolean> =>
      (await call('POST', '/credentials/revoke', { credentials: values }, false)).status === 202,
  }
}

/** Tokens that GitHub itself issued, by their documented prefixes: personal ones, and those of OAuth and GitHub apps. */
export const isGithubToken = (value: string): boolean => /^(gh[pour]_\w{16,255}|github_pat_\w{22,255})$/.test(value)
