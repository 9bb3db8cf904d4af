import { expect } from 'chai'
import { auditTask } from '../../../src/audit/audit-task.ts'
import type { AuditReport } from '../../../src/audit/report.ts'
import { fieldPath } from '../../../src/audit/report.ts'
import { renderReport } from '../../../src/audit/render.ts'
import { keccak, toHex } from '../../../src/codec/hex.ts'
import type { PredecessorHistory } from '../../../src/ports/chain-history.ts'
import type { AnyReducer } from '../../../src/reducers/catalog.ts'
import { findReducer } from '../../../src/reducers/catalog.ts'
import type { Hex } from '../../../src/types/ids.ts'
import { NIL } from '../../../src/types/ids.ts'
import { TASK_STATUSES } from '../../../src/types/task.ts'
import { makeHistory } from '../../helpers/audit-history.ts'

const RATE_LIMIT = findReducer('rate-limit@1')!
const RESULT: Hex = '0x0a0b0c'
/** Handed over, as each aggregation saw it: by height. */
const seen: (string | null)[] = []
/** The stock reducer, which looks at the state before, too. */
const READER: AnyReducer = {
  ...RATE_LIMIT,
  uses: ['previous'],
  aggregateStatus: (inputs, params, context) => {
    seen[context.height] = toHex(context.previous)
    return RATE_LIMIT.aggregateStatus(inputs, params, context)
  },
}

const status = (name: (typeof TASK_STATUSES)[number]): bigint => BigInt(TASK_STATUSES.indexOf(name))

const BEFORE: PredecessorHistory = {
  taskId: 6n,
  finalized: [{ height: 9n, stateHash: keccak(RESULT), result: RESULT, block: 30n }],
  resultHash: keccak(RESULT),
  status: status('Closed'),
  last: 9n,
  lastAt: { number: 28n, time: 280n },
  outcome: 0n,
  times: new Map([[30n, 300n]]),
}

function audit(before: Partial<PredecessorHistory> | null): AuditReport {
  seen.length = 0
  const { history } = makeHistory({ params: { usesPrevious: true, predecessor: 6n } })
  const predecessor = before === null ? null : { ...BEFORE, ...before }
  return auditTask({ ...history, predecessor }, { findReducer: () => READER })
}

const found = ({ findings }: AuditReport): string[] => findings.map(fieldPath)

describe('audit: the seam of two tasks', () => {
  it('gives height 1 the published result, and each later one the state before it', () => {
    const report = audit({})
    expect(found(report)).deep.equal([])
    expect(report.counts.aggregatesRecomputed).greaterThan(1)
    expect(seen[1]).equal(RESULT)
    expect(seen[2]).match(/^0x[0-9a-f]{20,}$/)
  })

  it('says what was handed over, and how long nothing was anchored', () => {
    const { seam } = audit({})
    expect(seam).include({ predecessor: 6n, height: 9, stateHash: keccak(RESULT), outcome: 'pending' })
    expect(seam?.gapBlocks).equal((seam?.resumed?.block ?? 0) - 28)
    expect(renderReport(audit({}))).include('task 6 handed over the state of height 9')
    expect(renderReport(audit({ outcome: 2n }))).include('tainted')
  })

  it('finds a result that is not the one behind the hash, and recomputes nothing from it', () => {
    const other = [{ ...BEFORE.finalized[0]!, result: '0x0a0b0d' as Hex }]
    const report = audit({ finalized: other })
    expect(found(report)).deep.equal(['TaskFinalized[task 6].result'])
    expect(seen[1]).equal(undefined)
    expect(report.verdict).equal('mismatch')
  })

  it('names the one of event and board that does not fit', () => {
    expect(found(audit({ resultHash: keccak('0x') }))).deep.equal(['task()[task 6].resultHash'])
    const hash = [{ ...BEFORE.finalized[0]!, stateHash: keccak('0x') }]
    expect(found(audit({ finalized: hash }))).deep.equal(['TaskFinalized[task 6].stateHash'])
    const height = [{ ...BEFORE.finalized[0]!, height: 8n }]
    expect(found(audit({ finalized: height }))).deep.equal(['TaskFinalized[task 6].height'])
  })

  it('takes nothing from a task that was over without an accepted height, and from no other without a result', () => {
    const none = { finalized: [], resultHash: NIL, last: 0n }
    for (const name of ['Closed', 'Expired', 'NoQuorum'] as const) {
      const report = audit({ ...none, status: status(name) })
      expect(found(report)).deep.equal([])
      expect(seen[1]).equal('0x')
      expect(report.seam?.stateHash).equal(null)
    }
    expect(found(audit({ ...none, status: status('Active') }))).deep.equal(['TaskFinalized[task 6]'])
    expect(found(audit({ ...none, status: status('NoQuorum'), last: 3n }))).deep.equal([
      'TaskFinalized[task 6]',
    ])
  })

  it('is unavailable where the predecessor was not read, or its result is not served', () => {
    const unread = audit(null)
    expect(unread.verdict).equal('unavailable')
    expect(seen[1]).equal(undefined)
    expect(audit({ finalized: [] }).verdict).equal('unavailable')
  })
})
