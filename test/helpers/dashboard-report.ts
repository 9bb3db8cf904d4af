import type { FindingJson, ReportJson } from '../../src/dashboard/model/verdicts.ts'

const EPOCH = 4

interface Wanted {
  readonly heights: number
  readonly value?: (height: number) => string
  readonly findings?: readonly FindingJson[]
  readonly extra?: ReportJson['steps']
}

/** A finding in the checkpoint of a range, about a height. */
export function findingAt(first: number, last: number, height: number): FindingJson {
  const where = `task 1, heights ${first}–${last}`
  const field = 'Checkpointed.batch.stateHash[1]'
  const path = `Checkpointed[${where}].batch.stateHash[1]`
  return {
    path,
    step: 'checkpoint',
    field,
    where,
    expected: '0x01',
    actual: '0x02',
    why: 'calldata says so',
    height,
  }
}

/** What an audit says of so many heights, four to a checkpoint. */
export function reportOf({
  heights,
  value = (height) => `0x${height}`,
  findings = [],
  extra = [],
}: Wanted): ReportJson {
  const ranges = Array.from({ length: heights / EPOCH }, (_, i) => [EPOCH * i + 1, EPOCH * (i + 1)] as const)
  const base = { block: 20, logged: '0x01', recomputed: '0x01', signatures: '4/4' }
  const steps = ranges.map(([first, last]) => ({
    ...{ kind: 'checkpoint', label: `HEIGHTS ${first}–${last}`, ...base },
    verdict: findings.some(({ where }) => where.endsWith(`${first}–${last}`))
      ? ('mismatch' as const)
      : ('verified' as const),
  }))
  return {
    ...{ taskId: '1', chainId: '31337', verdict: 'verified', head: 30, reducer: 'median@1', client: null },
    ...{
      heightsAnchored: heights,
      heightsMax: heights,
      cluster: null,
      steps: [...steps, ...extra],
      counts: {},
    },
    ...{ findings, unavailable: [], convictions: [], penalties: [], end: null },
    outcome: { outcome: 'pending', because: 'it runs' },
    heights: Array.from({ length: heights }, (_, i) => ({
      ...{ height: i + 1, value: value(i + 1), stateHash: '0x05', inputsRoot: '0x06', eventSeq: 0, round: 0 },
      ...{ attested: true, recomputed: true, transitional: { magnitude: 1 }, operational: { magnitude: 1 } },
    })),
  }
}
