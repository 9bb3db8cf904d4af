import { expect } from 'chai'
import { inLanes } from '../helpers/lanes.ts'

describe('test runner: lanes', () => {
  it('begins in order, never has more at a time than lanes, and keeps the order of results', async () => {
    const begun: number[] = []
    const waiting: (() => void)[] = []
    let most = 0
    let atATime = 0
    const done = inLanes([0, 1, 2, 3, 4], 2, async (item) => {
      begun.push(item)
      most = Math.max(most, ++atATime)
      await new Promise<void>((resolve) => void waiting.push(resolve))
      atATime -= 1
      return item * 10
    })
    // the later of two always ends first
    while (begun.length < 5 || waiting.length > 0) {
      waiting.pop()?.()
      await new Promise(setImmediate)
    }
    expect(await done).deep.equal([0, 10, 20, 30, 40])
    expect(begun).deep.equal([0, 1, 2, 3, 4])
    expect(most).equal(2)
  })

  it('an item that fails fails the whole', async () => {
    const failure = await inLanes([1, 2], 2, (item) =>
      item === 2 ? Promise.reject(new Error('two')) : Promise.resolve(item),
    ).then(
      () => null,
      (error: unknown) => (error as Error).message,
    )
    expect(failure).equal('two')
  })
})
