import type { Launch } from './component.ts'
import type { Installed } from './install-components.ts'
import { kafkaArchive } from './kafka-archive.ts'
import { prepareBroker } from './kafka-broker.ts'
import type { KafkaPorts } from './kafka-properties.ts'
import type { LocalPlan } from './local-component.ts'
import { probeKafka } from './probe-kafka.ts'
import type { Progress } from './progress.ts'

export async function planKafka(
  installed: Installed,
  cacheFolder: string,
  folder: string,
  ports: KafkaPorts,
  progress: Progress,
): Promise<LocalPlan> {
  const archive = await kafkaArchive(installed, cacheFolder, progress)
  const launch: Launch = await prepareBroker(
    installed,
    folder,
    ports,
    archive ? [`-XX:SharedArchiveFile=${archive}`] : [],
  )
  return { name: 'kafka', launch, probe: () => probeKafka([`127.0.0.1:${ports.client}`]) }
}
