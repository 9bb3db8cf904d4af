import { BatchedRpc } from '../../adapters/evm/batched-rpc.ts'
import { readComplete } from '../../adapters/evm/complete/read-complete.ts'
import type { Deployment } from '../../adapters/evm/deployment-schema.ts'
import { parseDeployment } from '../../adapters/evm/deployment-schema.ts'
import { EvmHistory } from '../../adapters/evm/history.ts'
import { requestOver } from '../../adapters/evm/history-rpc.ts'
import { fetchPost } from '../../adapters/evm/fetch-post.ts'
import { HTTP_LIMITS, HttpRpc } from '../../adapters/evm/http-rpc.ts'
import { parseRpcUrl } from '../../adapters/evm/rpc-url.ts'
import { examineTask } from '../../audit/audit-task.ts'
import type { Examined } from '../../audit/audit-task.ts'
import { withCompleteness } from '../../audit/complete.ts'
import { readEvidenceCall } from '../../audit/evidence/call.ts'
import { explainEvidence } from '../../audit/evidence/explain.ts'
import { remembered } from '../../audit/remembered.ts'
import { reportJson } from '../../audit/report-json.ts'
import { recoverSigner } from '../../audit/signatures.ts'
import { tokenUnit } from '../../audit/tokens.ts'
import type { TaskHistory } from '../../ports/chain-history.ts'
import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type {
  AuditAnswer,
  AuditAsk,
  DeskCalls,
  ExplainedSlash,
  LookAnswer,
  OpenAnswer,
  OpenAsk,
} from './messages.ts'
import { logRows } from './log-rows.ts'
import { decodeStates } from './state-fields.ts'

type Desk = { readonly [K in keyof DeskCalls]: (ask: DeskCalls[K]['ask']) => Promise<DeskCalls[K]['answer']> }

interface Opened {
  readonly history: EvmHistory
  readonly rpc: BatchedRpc
  readonly deployment: Deployment
}

/** Audits over one endpoint with the modules of `rsdp audit`: the same history, the same judge, the same JSON. */
export class AuditDesk implements Desk {
  #opened: Opened | null = null
  /** The page audits again at each checkpoint: signatures are recovered once. */
  readonly #recover = remembered(recoverSigner)

  /** @throws RsdpError E_DEPLOYMENT_FILE, E_RPC_URL, E_RPC_DOWN */
  async open({ rpcUrl, deployment: text }: OpenAsk): Promise<OpenAnswer> {
    const deployment = parseDeployment(text, 'the deployment')
    const rpc = endpointAt(rpcUrl)
    const request = requestOver(rpc)
    const chainId = String(await request('eth_chainId', []))
    this.#opened?.rpc.close()
    const history = new EvmHistory(request, deployment)
    this.#opened = { rpc, history, deployment }
    const token = await history.readToken()
    return {
      chainId: /^0x[0-9a-f]{1,16}$/i.test(chainId) ? String(BigInt(chainId)) : '?',
      deploymentId: deployment.deploymentId,
      unit: token === null ? null : tokenUnit(token.symbol, token.decimals),
    }
  }

  async look(): Promise<LookAnswer> {
    const books = await this.#open().history.readBooks()
    const stakes = [...books.accounts].map(([operator, { free, locked, unbonding }]) => ({
      ...{ operator, free: String(free), locked: String(locked), unbonding: String(unbonding) },
    }))
    return { block: Number(books.head), tasks: Number(books.tasks), stakes }
  }

  /** @throws RsdpError E_RPC_DOWN, E_NO_TASK; E_RPC_URL and E_HEAD if logs are to be proved */
  async audit({ task, vouched }: AuditAsk): Promise<AuditAnswer> {
    const taskId = BigInt(task)
    const { history, proof } =
      vouched === null
        ? { history: await this.#open().history.read(taskId), proof: null }
        : await this.#prove(taskId, vouched)
    const examined = examineTask(history, { recover: this.#recover })
    const { report, court } = examined
    return {
      block: report.head,
      json: JSON.stringify(reportJson(proof === null ? report : withCompleteness(report, proof))),
      slashes: explain(examined, history),
      log: logRows(history.events, history.malformed),
      epochHeights: court?.params.epochHeights ?? null,
    }
  }

  /** From the header of the newest block. @throws RsdpError E_RPC_DOWN */
  async weigh(): Promise<DeskCalls['weigh']['answer']> {
    const { rpc, deployment } = this.#open()
    const block = (await requestOver(rpc)('eth_getBlockByNumber', ['latest', false])) as {
      readonly number: string
    }
    const headers = Math.max(1, Number(block.number) - deployment.fromBlock + 1)
    return { headers, bytes: headers * JSON.stringify(block).length }
  }

  decode(ask: DeskCalls['decode']['ask']): Promise<DeskCalls['decode']['answer']> {
    return Promise.resolve(decodeStates(ask.reducer, ask.states))
  }

  async #prove(taskId: bigint, vouched: NonNullable<AuditAsk['vouched']>): ReturnType<typeof readComplete> {
    const { rpc, deployment } = this.#open()
    const init = { request: requestOver(rpc), deployment, taskId }
    if ('head' in vouched) return readComplete({ ...init, head: { pinned: vouched.head } })
    const second = endpointAt(vouched.rpcUrl)
    try {
      return await readComplete({ ...init, head: { name: second.shown, confirm: requestOver(second) } })
    } finally {
      second.close()
    }
  }

  #open(): Opened {
    if (this.#opened !== null) return this.#opened
    throw new RsdpError({
      code: 'E_NOT_OPEN',
      message: 'no deployment is open',
      hint: 'give an RPC URL and a deployment file',
      exit: EXIT.precondition,
    })
  }
}

/** @throws RsdpError E_RPC_URL */
const endpointAt = (rpcUrl: string): BatchedRpc =>
  new BatchedRpc(new HttpRpc(parseRpcUrl(rpcUrl), HTTP_LIMITS, fetchPost))

/** What was signed, of each conviction whose evidence can be read. */
function explain({ report, court }: Examined, history: TaskHistory): ExplainedSlash[] {
  if (court === null) return []
  return report.convictions.flatMap(({ transaction }) => {
    const told = history.events.find(
      (event) => event.name === 'Convicted' && event.transactionHash === transaction,
    )
    const call = told?.name === 'Convicted' ? readEvidenceCall(told.args.evidence) : null
    if (call === null) return []
    const { member, verdict, objects } = explainEvidence(court, call)
    const because = 'proved' in verdict ? verdict.proved.because : verdict.refused
    return [{ transaction, member, isProved: 'proved' in verdict, because, objects }]
  })
}
