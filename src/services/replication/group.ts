import { mayGrantNext } from '../../reducers/lease.ts'
import type { MemberIndex } from '../../types/ids.ts'
import { isInService } from '../health/codec.ts'
import type { Verdict } from '../health/codec.ts'
import { NO_SEAT } from '../placement/codec.ts'
import type { InstanceRow } from '../placement/codec.ts'
import type { GroupRow, ReplicaReport } from './codec.ts'

/** What a height knows of one group. */
export interface Facts {
  readonly agreedMs: number
  /** Token of a grant at this height. */
  readonly token: bigint
  readonly leaseMs: number
  readonly watchMs: number
  readonly copiesMin: number
  /** Copies of the service that have not failed, by seat. */
  readonly copies: ReadonlyMap<MemberIndex, InstanceRow>
  /** What listed members say of their copies, by seat. */
  readonly reports: ReadonlyMap<MemberIndex, ReplicaReport>
  readonly verdicts: ReadonlyMap<MemberIndex, Verdict>
  /** Seat that placement prefers. */
  readonly preferred: MemberIndex
  /** Order of equals. */
  readonly tie: (seat: MemberIndex) => string
}

/** A group at one height, with what is asked about it again and again. */
export class Group {
  readonly row: GroupRow
  readonly facts: Facts

  constructor(row: GroupRow, facts: Facts) {
    this.row = row
    this.facts = facts
  }

  with(more: Partial<GroupRow>): Group {
    return new Group({ ...this.row, ...more }, this.facts)
  }

  has(seat: MemberIndex): boolean {
    return seat !== NO_SEAT && ((this.row.members >> BigInt(seat)) & 1n) === 1n
  }

  isUp(seat: MemberIndex): boolean {
    return isInService(this.facts.verdicts.get(seat) ?? 'up')
  }

  /** The verdict against the primary, or its copy, says that it does not come back by itself. */
  get isLost(): boolean {
    const { primary } = this.row
    return !this.has(primary) || !this.isUp(primary) || !this.facts.copies.has(primary)
  }

  /** What the primary says under the present token; null: nothing at this height. */
  get word(): ReplicaReport | null {
    const report = this.facts.reports.get(this.row.primary)
    return report?.token === this.row.token ? report : null
  }

  /** A majority of the members holds an entry of the present token: members may change by one. */
  get isSettled(): boolean {
    return this.word?.standing === 'serving'
  }

  /** Whether a copy has reported everything that was committed. */
  isInSync(seat: MemberIndex): boolean {
    const report = this.facts.reports.get(seat)
    if (report === undefined) return false
    const { epoch, committed } = this.row
    return report.epoch > epoch || (report.epoch === epoch && report.index >= committed)
  }

  /** Nobody else can hold the lease any more. */
  get isFree(): boolean {
    return (
      this.word?.standing === 'released' ||
      mayGrantNext(BigInt(this.row.leaseEndMs), BigInt(this.facts.agreedMs))
    )
  }

  /**
   * The member that leads next: in service, in sync, with a word at this height. First the successor, then one that stays, that
   * nothing is held against, with the newest entries, that placement prefers; then by seed. NO_SEAT: there is none.
   */
  next(): MemberIndex {
    const { copies, verdicts, reports, preferred, tie } = this.facts
    const rank = (seat: MemberIndex): readonly (bigint | number)[] => {
      const report = reports.get(seat)
      return [
        seat === this.row.successor ? 0 : 1,
        copies.get(seat)?.phase === 'leaving' ? 1 : 0,
        verdicts.get(seat) === 'up' ? 0 : 1,
        -(report?.epoch ?? 0n),
        -(report?.index ?? 0),
        seat === preferred ? 0 : 1,
      ]
    }
    const able = [...copies.keys()].filter((seat) => this.has(seat) && this.isUp(seat) && this.isInSync(seat))
    const [first] = able.sort((a, b) => compare(rank(a), rank(b)) || (tie(a) < tie(b) ? -1 : 1))
    return first ?? NO_SEAT
  }

  /** The lease and a token of its own for a seat. */
  granted(primary: MemberIndex, more: Partial<GroupRow> = {}): Group {
    const { token, agreedMs, leaseMs } = this.facts
    return this.with({ primary, token, leaseEndMs: agreedMs + leaseMs, successor: NO_SEAT, ...more })
  }

  /** The stage from this height on. */
  at(stage: GroupRow['stage']): Group {
    return stage === this.row.stage ? this : this.with({ stage, sinceMs: this.facts.agreedMs })
  }
}

function compare(a: readonly (bigint | number)[], b: readonly (bigint | number)[]): number {
  for (const [i, one] of a.entries()) {
    const other = b[i] ?? 0
    if (one !== other) return one < other ? -1 : 1
  }
  return 0
}
