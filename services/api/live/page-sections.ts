import { canaryTenant, type GrantList } from '../../../schemas/http.ts'
import type { PageSections, ShownReceipts } from '../../../schemas/http-page.ts'
import type { Receipt } from '../../../schemas/receipt.ts'
import type { ApiParts } from '../ports.ts'
import { wholeStatus } from '../whole-status.ts'
import type { Section } from './live-hub.ts'

const mostListed = 100
const listedReceipts = 20
const dayMs = 86_400_000

/** What the page shows, and how often each part is read. `shared`: the same for every tenant, read once for all. */
export const pageSections = ({ read, now }: Pick<ApiParts, 'read' | 'now'>): Section[] => {
  const sections: { [K in keyof PageSections]: Omit<Section<PageSections[K]>, 'name'> } = {
    status: { everyMs: 1_000, shared: true, read: () => wholeStatus({ read }) },
    pastDue: {
      everyMs: 1_000,
      read: async tenant =>
        withoutClocks(await read.grants({ tenants: [tenant, canaryTenant], alivePastDue: true, limit: mostListed })),
    },
    next: {
      everyMs: 5_000,
      read: async tenant =>
        withoutClocks(await read.grants({ tenants: [tenant], alivePastDue: false, limit: mostListed })),
    },
    secrets: { everyMs: 2_000, read: tenant => read.secrets([tenant]) },
    expiries: { everyMs: 10_000, shared: true, read: () => read.expiries() },
    ended: { everyMs: 5_000, read: tenant => ended(read, tenant, now()) },
    deadLetters: { everyMs: 5_000, shared: true, read: () => read.deadLetters() },
  }
  return Object.entries(sections).map(([name, section]) => ({ name, ...section }))
}

/** What only a clock changes is left out: a row is sent again when something happened to it. */
const withoutClocks = ({ grants, complete }: GrantList): GrantList => ({
  grants: grants.map(({ pastDueMs: _, ...grant }) => grant),
  complete,
})

const ended = async (read: ApiParts['read'], tenant: string, now: number): Promise<PageSections['ended']> => {
  const { receipts, complete } = await read.receipts({ tenants: [tenant], since: now - dayMs, limit: 100_000 })
  const shown = (wanted: (one: Receipt) => boolean): ShownReceipts => {
    const found = receipts.filter(wanted)
    return { total: found.length, listed: found.slice(0, listedReceipts).map(brief), complete }
  }
  return {
    exposed: shown(one => one.outcome === 'impossible' && (one.exposedUntil ?? Number.POSITIVE_INFINITY) > now),
    leaked: shown(one => one.cause === 'leaked'),
    unproven: shown(one => one.outcome === 'unproven'),
  }
}

const holders = 3
const brief = (one: Receipt): Receipt => ({ ...one, grants: one.grants.slice(0, holders) })
