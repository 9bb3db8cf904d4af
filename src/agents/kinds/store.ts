import type { RecordJournal } from '../../ports/record-journal.ts'
import type { Address } from '../../types/ids.ts'
import type { Consistency } from '../../types/store-request.ts'
import type { ServiceKind } from '../kind.ts'
import { OpenCore } from './open-core.ts'
import { StoreCopy } from './store-copy.ts'
import type { StoreCore } from './store-core.ts'
import { StrongCore } from './strong-core.ts'
import type { Clocks } from './strong-core.ts'

export interface StoreKindInit {
  /** Opens the records of a copy, and makes their file if there is none. @throws RsdpError E_RECORDS */
  readonly journal: (folder: string, name: string) => RecordJournal
  /** Unix time, ms. */
  readonly clockMs: () => number
}

/**
 * Keys and values on the disks of a group of nodes, strong, causal or eventual as the group's terms say. Each consistency has
 * a file of its own in the copy's folder. Both stay when the copy stops: a copy that comes back goes on from them.
 */
export function storeKind({ journal, clockMs }: StoreKindInit): ServiceKind {
  return {
    kind: 'store',
    // what it throws, the supervisor has to see as a promise that is rejected
    open: async (init) => {
      const consistency = init.assignment.group?.consistency ?? 'strong'
      const records = journal(init.folder, consistency)
      try {
        const clocks = { unixMs: clockMs, nowMs: () => init.clock.nowMs() }
        const core = coreOf(init.assignment.self, consistency, records.read(), clocks)
        return await Promise.resolve(new StoreCopy(init, core, records))
      } catch (error) {
        records.close()
        throw error
      }
    },
  }
}

function coreOf(
  self: Address,
  consistency: Consistency,
  records: readonly Uint8Array[],
  clocks: Clocks,
): StoreCore {
  return consistency === 'strong'
    ? new StrongCore(self, records, clocks)
    : new OpenCore(self, consistency, records)
}
