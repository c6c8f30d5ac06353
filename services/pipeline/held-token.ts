/** A living token as its store's own list describes it. Times are epoch ms. */
export type HeldToken = {
  accessor: string
  /** The request that made it. */
  path: string
  metadata: Record<string, unknown>
  entity: string
  issuedAt: number
  expiresAt: number | undefined
  renewable: boolean
}
