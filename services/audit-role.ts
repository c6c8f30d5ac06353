import { startExporter } from './audit/exporter.ts'
import { exporterLease } from './audit/exporter-lease.ts'
import { publicKeys, signatureCheck, signerOf } from './audit/keys.ts'
import { readFacts } from './ledger/read-facts.ts'
import type { Parts, Started } from './roles.ts'
import { loadAuditRing } from './runtime/audit-ring.ts'

/** Exports the receipts, if the config says where to. One process does at a time; the others stand by. */
export const auditRole = async (parts: Parts): Promise<Started> => {
  const { config, kafka, redis, counters, crashPoint, log, onFatal } = parts
  const { audit } = config
  if (!audit) return { close: () => Promise.resolve() }
  const ring = await loadAuditRing(audit.keysDir ?? config.keysDir, true)
  const { facts: topic } = config.kafka.topics
  return startExporter({
    config: audit,
    signer: signerOf(ring),
    signature: signatureCheck(publicKeys(ring)),
    now: Date.now,
    crashPoint,
    topic,
    partitions: config.kafka.factsPartitions,
    lease: exporterLease(redis, config.redis.prefix),
    read: onFacts =>
      readFacts({
        kafka,
        topic,
        group: 'audit',
        onBatch: ({ first, ...read }) =>
          onFacts({
            ...read,
            first: first && { meta: first.id, cluster: first.cluster, partitions: first.partitions },
          }),
        onFatal,
      }),
    onExported: receipts => counters.add('curfew_audit_receipts_total', {}, receipts),
    onSigned: () => counters.add('curfew_audit_checkpoints_total', {}),
    log,
  })
}
