import type { Redis } from 'ioredis'

/** How many facts partitions are folded since the state was last begun; fewer than all: a rebuild, and nothing is whole. */
export const readyPartitions = (redis: Redis, prefix: string): Promise<number> => redis.hlen(`${prefix}:ready`)
