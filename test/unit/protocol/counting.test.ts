import { expect } from 'chai'
import type { Delivery } from '../../helpers/engine-cluster.ts'
import { EngineCluster } from '../../helpers/engine-cluster.ts'

const isCheckpoint = ({ parts }: Delivery): boolean =>
  parts.some((part) => part.kind === 'object' && part.signed.object.type === 'checkpoint')

describe('cost of an undisturbed height', () => {
  for (const n of [4, 7, 13, 31]) {
    it(`n = ${n}: 3n(n−1) = ${3 * n * (n - 1)} frames, three delays if all open at once, four from one opener`, () => {
      const frames: number[] = [0]
      const decidedAt: number[] = []
      const openedAt: number[] = []
      const world = new EngineCluster({
        n,
        heights: 3,
        epochHeights: 3,
        fate: (delivery) => {
          if (!isCheckpoint(delivery)) frames[frames.length - 1]! += 1
          return [1]
        },
        onEffect: (tick, _, effect) => {
          if (effect.kind === 'observe') openedAt[effect.height] ??= tick
          if (effect.kind === 'decided') decidedAt[effect.decided.height] = tick
        },
      }).start()
      for (const height of [1, 2, 3]) {
        expect(world.run(height, 60)).to.equal(true)
        // late frames of the height, before the next one opens
        for (let i = 0; i < 5; i += 1) world.tick()
        frames.push(0)
      }
      expect(frames.slice(0, 3)).to.deep.equal([1, 2, 3].map(() => 3 * n * (n - 1)))
      expect(decidedAt[1]! - openedAt[1]!).to.equal(3)
      expect(decidedAt[2]! - openedAt[2]!).to.equal(4)
      expect(decidedAt[3]! - openedAt[3]!).to.equal(4)
    })
  }
})
