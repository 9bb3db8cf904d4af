import { STATE_BYTES_MAX } from '../reducers/run.ts'
import { RsdpError } from '../types/errors.ts'
import { EXIT } from '../types/exit-codes.ts'
import type { TaskWork } from './task-params.ts'

/** R where nobody asks for another and the inputs have room. */
const USUAL_EPOCH = 8

export interface AskedRoom {
  readonly nodes: number
  /** R; absent: as many as fit, at most eight. */
  readonly epoch?: number | undefined
  readonly provable: boolean
}

export interface Room {
  /** R: heights per checkpoint. */
  readonly epoch: number
  readonly work: TaskWork
  /** What a client should know of it. */
  readonly effect: readonly string[]
}

/**
 * Heights per checkpoint, so that the checkpoint has room for all their inputs (R · nodes · inputCap ≤ 31,744). Where it has none
 * for those of one height, the members keep the inputs.
 *
 * @throws RsdpError E_EPOCH, E_PROVABLE
 */
export function fitRoom({ nodes, epoch, provable }: AskedRoom, work: TaskWork): Room {
  const heightBytes = nodes * work.inputCap
  const fit = Math.floor(STATE_BYTES_MAX / heightBytes)
  if (provable && fit < 1) throw tooMany(nodes, work.inputCap)
  if (!work.calldataInputs) return { epoch: epoch ?? USUAL_EPOCH, work, effect: [] }
  if (fit < 1) {
    const effect = [
      `inputs   kept by the members: a checkpoint has no room for those of ${nodes}; audits ask members for them (--bodies)`,
    ]
    return { epoch: epoch ?? USUAL_EPOCH, work: { ...work, calldataInputs: false }, effect }
  }
  if (epoch === undefined) return { epoch: Math.min(USUAL_EPOCH, fit), work, effect: [] }
  if (epoch <= fit) return { epoch, work, effect: [] }
  throw new RsdpError({
    code: 'E_EPOCH',
    message:
      `a checkpoint of ${epoch} heights has no room for the inputs of ${nodes} members:` +
      ` ${epoch * heightBytes} bytes, ${STATE_BYTES_MAX} at most`,
    hint: `give --epoch at most ${fit}, or leave it out`,
    exit: EXIT.usage,
    details: { epoch, nodes, inputCap: work.inputCap },
  })
}

function tooMany(nodes: number, inputCap: number): RsdpError {
  const most = Math.floor(STATE_BYTES_MAX / inputCap)
  return new RsdpError({
    code: 'E_PROVABLE',
    message: `a proof has no room for the inputs of ${nodes} members, ${inputCap} bytes each`,
    hint: `give --nodes at most ${most}, or leave --provable out: audits find lies all the same`,
    exit: EXIT.usage,
    details: { nodes, inputCap },
  })
}
