import { expect, it } from 'vitest'
import { impatient } from '../../services/ledger/impatient.ts'

it('a log that hangs costs a second once, then nothing, and is tried again later', async () => {
  let calls = 0
  const hanging = impatient({
    append: () => {
      calls += 1
      return new Promise(() => undefined)
    },
  })
  await expect(hanging.append([])).rejects.toThrow('did not acknowledge')
  await expect(hanging.append([])).rejects.toThrow('did not acknowledge')
  expect(calls, 'the second append did not wait').toBe(1)
})

it('a log that answers is passed through', async () => {
  await expect(impatient({ append: () => Promise.resolve() }).append([])).resolves.toBeUndefined()
})
