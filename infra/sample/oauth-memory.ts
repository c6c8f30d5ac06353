type Payload = Record<string, unknown> & { grantId?: string; consumed?: number }
type Entry = { payload: Payload; until: number }

/** Everything that the issuer knows, in memory, without the limit of 1,000 entries that oidc-provider's own adapter has. */
export const oauthMemory = () => {
  const entries = new Map<string, Entry>()
  const living = (key: string) => {
    const entry = entries.get(key)
    if (entry && entry.until > Date.now()) return entry
    entries.delete(key)
    return undefined
  }
  const adapter = (model: string) => {
    const key = (id: string) => `${model}:${id}`
    return {
      upsert: async (id: string, payload: Payload, seconds?: number) => {
        const until = seconds === undefined ? Number.POSITIVE_INFINITY : Date.now() + seconds * 1_000
        entries.set(key(id), { payload, until })
      },
      find: async (id: string) => living(key(id))?.payload,
      findByUid: async () => undefined,
      findByUserCode: async () => undefined,
      consume: async (id: string) => {
        const entry = living(key(id))
        if (entry) entry.payload.consumed = Math.floor(Date.now() / 1_000)
      },
      destroy: async (id: string) => void entries.delete(key(id)),
      /** Of this model only: oidc-provider asks every model that it wants to end with the grant. */
      revokeByGrantId: async (grantId: string) => {
        for (const [name, { payload }] of entries)
          if (name.startsWith(`${model}:`) && payload.grantId === grantId) entries.delete(name)
      },
    }
  }
  const ids = (model: string) =>
    [...entries.keys()].filter(name => name.startsWith(`${model}:`)).map(name => name.slice(model.length + 1))
  return Object.assign(adapter, { ids })
}
