import { readDeployment } from '../adapters/evm/deployment.ts'
import { openHistory } from '../adapters/evm/open-history.ts'
import { recoverSigner } from '../adapters/keys/keyring.ts'
import { examineTask } from '../audit/audit-task.ts'
import { readEvidenceCall } from '../audit/evidence/call.ts'
import type { Explanation } from '../audit/evidence/explain.ts'
import { explainEvidence, renderExplanation, renderPayment } from '../audit/evidence/explain.ts'
import type { Court } from '../audit/evidence/verdict.ts'
import type { AuditReport, Conviction } from '../audit/report.ts'
import type { AnyReducer } from '../reducers/catalog.ts'
import { findReducerByHash } from '../reducers/catalog.ts'
import { RsdpError } from '../types/errors.ts'
import { EXIT } from '../types/exit-codes.ts'
import type { Digest, Hex } from '../types/ids.ts'
import { foreignReducer, unable } from './app/task-reducer.ts'
import type { ChainOptions } from './options.ts'

/** A task read from the chain and audited: what evidence about its members is judged by. */
export interface OpenCourt {
  readonly court: Court
  readonly report: AuditReport
  /** Calldata of each conviction, in the order of `report.convictions`. */
  readonly evidence: readonly Hex[]
}

/** @throws RsdpError E_RPC_DOWN, E_NO_TASK, E_NO_CLUSTER */
export async function openCourt(taskId: bigint, options: ChainOptions): Promise<OpenCourt> {
  const source = openHistory(options.rpcUrl, await readDeployment(options.deployment))
  try {
    const history = await source.read(taskId)
    const foreign = await foreignReducer(history, options, [], () => undefined)
    const findReducer = (hash: Digest): AnyReducer | null =>
      findReducerByHash(hash) ?? (foreign?.id === hash ? foreign.asReducer() : null)
    const { report, court } = examineTask(history, { recover: recoverSigner, findReducer })
    if (court === null) throw noCluster(taskId)
    if (foreign !== null && foreign.hostFault !== null) throw unable(foreign.hostFault)
    const evidence = report.convictions.map(({ transaction }) => {
      const told = history.events.find(
        (event) => event.name === 'Convicted' && event.transactionHash === transaction,
      )
      return told?.name === 'Convicted' ? told.args.evidence : '0x'
    })
    return { court, report, evidence }
  } finally {
    source.close()
  }
}

/** @throws RsdpError E_EVIDENCE for bytes that are no call of the slasher */
export function explainCalldata(court: Court, data: Hex): Explanation {
  const call = readEvidenceCall(data)
  if (call !== null) return explainEvidence(court, call)
  throw new RsdpError({
    code: 'E_EVIDENCE',
    message: 'these bytes are no proof that the slasher takes',
    hint: 'rsdp evidence show TASK N --out FILE writes one',
    exit: EXIT.usage,
  })
}

/** A conviction with everything a person asks: what was signed, why it convicts, who paid whom. */
export function explainConviction(
  { court, report }: OpenCourt,
  conviction: Conviction,
  data: Hex,
): { readonly explanation: Explanation; readonly lines: readonly string[] } {
  const explanation = explainCalldata(court, data)
  const lines = [
    `conviction in block ${conviction.block}, transaction ${conviction.transaction}`,
    ...renderExplanation(explanation),
    ...renderPayment(conviction, report, court.params.stakePerNode),
  ]
  return { explanation, lines }
}

function noCluster(taskId: bigint): RsdpError {
  return new RsdpError({
    code: 'E_NO_CLUSTER',
    message: `task ${taskId} has no cluster`,
    hint: 'there is nobody to accuse before the cluster is drawn: rsdp task list',
    exit: EXIT.precondition,
  })
}
