import { expect } from 'chai'
import fc from 'fast-check'
import { CAPS } from '../../../src/cli/app/task-work.ts'
import { rateLimitWork } from '../../../src/cli/demo/rate-limit-task.ts'
import type { TaskWork } from '../../../src/cli/task-params.ts'
import { fitRoom } from '../../../src/cli/task-room.ts'
import { RsdpError } from '../../../src/types/errors.ts'
import { holds } from '../../helpers/holds.ts'

/** Bytes of one transaction for inputs, as the contract has it. */
const ROOM = 31 * 1_024
const APP: TaskWork = { ...rateLimitWork(4), ...CAPS }
const refusal = (...args: Parameters<typeof fitRoom>): readonly unknown[] => {
  try {
    fitRoom(...args)
  } catch (error) {
    if (error instanceof RsdpError) return [error.code, error.hint]
  }
  return []
}

describe('room of a checkpoint', () => {
  it('refuses more heights than their inputs have room, and says how many fit', () => {
    expect(refusal({ nodes: 7, epoch: 5, provable: false }, APP)).deep.equal([
      'E_EPOCH',
      'give --epoch at most 4, or leave it out',
    ])
    expect(refusal({ nodes: 7, epoch: 4, provable: false }, APP)).deep.equal([])
  })

  it('refuses a provable task of more members than a proof has room for', () => {
    expect(refusal({ nodes: 32, provable: true }, APP)).deep.equal([
      'E_PROVABLE',
      'give --nodes at most 31, or leave --provable out: audits find lies all the same',
    ])
    expect(refusal({ nodes: 31, provable: true }, APP)).deep.equal([])
  })

  it('has as many heights as fit, eight at most, unless told otherwise', () => {
    const epochs = [4, 7, 10, 11, 15, 16, 31].map((nodes) => fitRoom({ nodes, provable: false }, APP).epoch)
    expect(epochs).deep.equal([7, 4, 3, 2, 2, 1, 1])
    expect(fitRoom({ nodes: 128, provable: false }, rateLimitWork(128)).epoch).equal(8)
  })

  it('leaves the inputs to the members where those of one height do not fit, and says so', () => {
    const { epoch, work, effect } = fitRoom({ nodes: 32, provable: false }, APP)
    expect([epoch, work.calldataInputs, effect.length]).deep.equal([8, false, 1])
    expect(fitRoom({ nodes: 31, provable: false }, APP).work.calldataInputs).equal(true)
  })

  it('never gives what the board refuses', () => {
    const asked = fc.record({
      nodes: fc.integer({ min: 4, max: 128 }),
      inputCap: fc.integer({ min: 1, max: ROOM }),
      calldataInputs: fc.boolean(),
      epoch: fc.option(fc.integer({ min: 1, max: 255 }), { nil: undefined }),
      provable: fc.boolean(),
    })
    holds(
      fc.property(asked, ({ nodes, epoch, provable, ...caps }) => {
        const given = { ...APP, ...caps }
        if (refusal({ nodes, epoch, provable }, given).length > 0) return
        const room = fitRoom({ nodes, epoch, provable }, given)
        expect(room.epoch).within(1, 255)
        if (epoch !== undefined) expect(room.epoch).equal(epoch)
        if (room.work.calldataInputs) expect(room.epoch * nodes * given.inputCap).at.most(ROOM)
        if (provable) expect(nodes * given.inputCap).at.most(ROOM)
      }),
    )
  })
})
