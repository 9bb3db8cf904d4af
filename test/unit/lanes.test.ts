import { expect } from 'chai'
import { makeElasticLanes, makeLanes } from '../helpers/lanes.ts'

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

  it('may be one more where it is asked for, up to a most, and are no more afterwards', async () => {
    const begun: number[] = []
    const ends: (() => void)[] = []
    const { inLane, addOne } = makeElasticLanes(1, 2)
    const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))
    addOne() // nothing waits
    const all = Promise.all(
      [0, 1, 2, 3].map((item) =>
        inLane(() => {
          begun.push(item)
          return new Promise<void>((resolve) => void ends.push(resolve))
        }),
      ),
    )
    await turn()
    expect(begun).deep.equal([0])
    addOne()
    addOne()
    await turn()
    expect(begun).deep.equal([0, 1])
    ends[1]?.()
    await turn()
    expect(begun).deep.equal([0, 1])
    ends[0]?.()
    await turn()
    expect(begun).deep.equal([0, 1, 2])
    addOne()
    await turn()
    expect(begun).deep.equal([0, 1, 2, 3])
    for (const end of ends) end()
    await all
  })
})
