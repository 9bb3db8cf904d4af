import { expect } from 'chai'
import { makeLanes } from '../helpers/lanes.ts'

describe('test runner: lanes', () => {
  it('begin in order, and never more at a time than there are lanes', async () => {
    const begun: number[] = []
    const waiting: (() => void)[] = []
    let most = 0
    let atATime = 0
    const inLane = makeLanes(2)
    const work = async (item: number): Promise<number> => {
      begun.push(item)
      most = Math.max(most, ++atATime)
      await new Promise<void>((resolve) => void waiting.push(resolve))
      atATime -= 1
      return item * 10
    }
    const done = Promise.all([0, 1, 2, 3, 4].map((item) => inLane(() => work(item))))
    // the later of two always ends first
    while (begun.length < 5 || waiting.length > 0) {
      waiting.pop()?.()
      await new Promise(setImmediate)
    }
    expect(await done).deep.equal([0, 10, 20, 30, 40])
    expect(begun).deep.equal([0, 1, 2, 3, 4])
    expect(most).equal(2)
  })

  it('work that fails frees its lane', async () => {
    const inLane = makeLanes(1)
    const fail = (): Promise<never> => Promise.reject(new Error('failed'))
    const failure = await inLane(fail).catch((error: unknown) => (error as Error).message)
    expect([failure, await inLane(() => Promise.resolve('next'))]).deep.equal(['failed', 'next'])
  })
})
