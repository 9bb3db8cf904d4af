import { recoverSigner } from '../../adapters/keys/keyring.ts'
import { examineTask } from '../../audit/audit-task.ts'
import { remembered } from '../../audit/remembered.ts'
import type { AuditReport } from '../../audit/report.ts'
import { wantedBodies } from '../../audit/wanted-bodies.ts'
import type { HeightBodies } from '../../ports/body-source.ts'
import type { TaskHistory } from '../../ports/chain-history.ts'
import { findReducerByHash } from '../../reducers/catalog.ts'
import type { Bundle } from '../../sandbox/bundle.ts'
import { foreignReducer, unable } from '../app/task-reducer.ts'
import { bodySource, gatherBodies } from '../body-sources.ts'
import type { AuditFollowOptions } from '../options.ts'

/**
 * The audit of a task that goes on. Signatures that were recovered, bodies that were right and a bundle that was opened are
 * kept from one audit to the next; everything is judged anew.
 */
export function auditor(
  options: AuditFollowOptions,
  say: (line: string) => void,
): (history: TaskHistory) => Promise<AuditReport> {
  const sources = (options.bodies ?? []).map(bodySource)
  const recover = remembered(recoverSigner)
  const right = new Map<number, readonly HeightBodies[]>()
  let foreign: Bundle | null = null
  return async (history) => {
    foreign ??= await foreignReducer(history, options, sources, say)
    const bundle = foreign
    const missing =
      sources.length === 0 ? [] : wantedBodies(history).filter(({ height }) => !right.has(height))
    const found = await gatherBodies(missing, sources, say)
    const { report, bodies } = examineTask(history, {
      recover,
      findReducer: (hash) => findReducerByHash(hash) ?? (bundle?.id === hash ? bundle.asReducer() : null),
      bodiesOf: (height) => right.get(height) ?? found.get(height) ?? [],
    })
    for (const [height, one] of bodies) right.set(height, [one])
    if (bundle !== null && bundle.hostFault !== null) throw unable(bundle.hostFault)
    return report
  }
}
