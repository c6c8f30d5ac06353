import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** The files of a run that take longest come first, so that the workers end together. */
const rooms = ['chaos', 'e2e', 'integration', 'contract', 'unit']
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    return sorted.toSorted((a, b) => rooms.indexOf(a.project.name) - rooms.indexOf(b.project.name))
  }
}
