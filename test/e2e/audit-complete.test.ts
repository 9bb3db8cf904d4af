import { expect } from 'chai'
import { readComplete } from '../../src/adapters/evm/complete/read-complete.ts'
import type { RpcRequest } from '../../src/adapters/evm/history-rpc.ts'
import { requestOver } from '../../src/adapters/evm/history-rpc.ts'
import { HTTP_LIMITS, HttpRpc } from '../../src/adapters/evm/http-rpc.ts'
import { nodePost } from '../../src/adapters/evm/node-post.ts'
import { parseRpcUrl } from '../../src/adapters/evm/rpc-url.ts'
import { recoverSigner } from '../../src/adapters/keys/keyring.ts'
import { auditTask } from '../../src/audit/audit-task.ts'
import { withCompleteness } from '../../src/audit/complete.ts'
import { renderReport } from '../../src/audit/render.ts'
import type { AuditReport } from '../../src/audit/report.ts'
import type { Completeness } from '../../src/ports/completeness.ts'
import { RsdpError } from '../../src/types/errors.ts'
import type { Digest } from '../../src/types/ids.ts'
import type { AuditedNetwork } from '../helpers/audit-chain.ts'
import { anchorTask } from '../helpers/audit-chain.ts'
import { Recorder } from '../helpers/flip-proxy.ts'
import { rsdp } from '../helpers/rsdp.ts'

interface JsonLog {
  readonly blockNumber: string
  readonly logIndex: string
  readonly topics: readonly string[]
}
type Spoil = (method: string, params: readonly unknown[], answer: unknown) => unknown

describe('completeness: an endpoint that hides, invents, or serves another fork', function () {
  this.timeout(300_000)
  let audited: AuditedNetwork
  let recorder: Recorder
  let rpc: HttpRpc
  let head: Digest
  /** Every log that an honest audit of the task reads. */
  let logs: readonly JsonLog[]

  before(async () => {
    audited = await anchorTask({ isWhole: true })
    rpc = new HttpRpc(parseRpcUrl(audited.net.rpcUrl), HTTP_LIMITS, nodePost)
    recorder = new Recorder(requestOver(rpc))
    const latest = (await recorder.request('eth_getBlockByNumber', ['latest', false])) as { hash: Digest }
    head = latest.hash
    await read(recorder.request)
    recorder.seal()
    const told = recorder.answersTo('eth_getLogs').flatMap(({ answer }) => answer as JsonLog[])
    logs = [...new Map(told.map((log) => [placeOf(log), log])).values()]
  })
  after(async () => {
    rpc.close()
    await audited.net.close()
  })

  const placeOf = ({ blockNumber, logIndex }: JsonLog): string => `${blockNumber}/${logIndex}`
  const read = (request: RpcRequest) =>
    readComplete({
      request,
      deployment: audited.net.deployment,
      taskId: audited.taskId,
      head: { pinned: head },
    })
  const spoiled =
    (spoil: Spoil): RpcRequest =>
    async (method, params) =>
      spoil(method, params, await recorder.request(method, params))
  const proofOver = async (spoil: Spoil): Promise<Completeness> => (await read(spoiled(spoil))).proof
  const ofLogs =
    (change: (logs: readonly JsonLog[]) => readonly JsonLog[]): Spoil =>
    (method, _, answer) =>
      method === 'eth_getLogs' ? change(answer as JsonLog[]) : answer

  it('proves every log of an honest endpoint, and says what was trusted', async () => {
    const { history, proof } = await read(recorder.request)
    expect(proof.faults).deep.equal([])
    expect(proof.unproved).deep.equal([])
    expect(proof.provedLogs).equal(logs.length)
    expect(proof.headers).equal(proof.to - proof.from + 1)
    const report: AuditReport = withCompleteness(auditTask(history, { recover: recoverSigner }), proof)
    expect(report.verdict).equal('verified')
    expect(renderReport(report))
      .contain(`${logs.length} logs proved by the receipts of`)
      .and.contain('trusted: answers')
  })

  it('finds every log that is left out, one at a time, and names its block', async function () {
    this.test!.title += ` (${logs.length} logs)`
    for (const log of logs) {
      const block = Number(log.blockNumber)
      const { faults } = await proofOver(ofLogs((all) => all.filter((one) => placeOf(one) !== placeOf(log))))
      const found = faults.find((fault) => fault.block === block)
      expect(found, placeOf(log)).include({
        field: `block ${block}.log[${Number(log.logIndex)}]`,
        actual: 'left out',
      })
    }
  })

  it('finds a log that is left out of its receipts as well: the root does not come out', async () => {
    const log = logs[Math.floor(logs.length / 2)]!
    const block = Number(log.blockNumber)
    const without = (all: readonly JsonLog[]): JsonLog[] => all.filter((one) => placeOf(one) !== placeOf(log))
    const hide = (receipt: { readonly logs: JsonLog[] }): object => ({
      ...receipt,
      logs: without(receipt.logs),
    })
    const { faults } = await proofOver((method, _, answer) => {
      if (method === 'eth_getLogs') return without(answer as JsonLog[])
      // some endpoints give the receipts of a block at once
      if (method === 'eth_getBlockReceipts') return (answer as { logs: JsonLog[] }[]).map(hide)
      return method === 'eth_getTransactionReceipt' ? hide(answer as { logs: JsonLog[] }) : answer
    })
    expect(faults.map(({ field }) => field)).deep.equal([`block ${block}.receipts`])
  })

  it('finds one that is invented, in a block with events and in one without', async () => {
    const [model] = logs
    const busy = Number(logs.at(-1)!.blockNumber)
    const blocks = new Set(logs.map(({ blockNumber }) => Number(blockNumber)))
    const quiet = Array.from({ length: busy }, (_, i) => busy - i).find((block) => !blocks.has(block))!
    for (const block of [busy, quiet]) {
      const invented = { ...model!, blockNumber: `0x${block.toString(16)}`, logIndex: '0x63' }
      const { faults } = await proofOver(
        ofLogs((all) => (all.some((one) => placeOf(one) === placeOf(model!)) ? [...all, invented] : all)),
      )
      expect(faults.map(({ field }) => field)).deep.equal([`block ${block}.log[99]`])
      expect(faults[0]).include({ block, expected: 'no such log' })
    }
  })

  it('finds headers of another fork below the head, and blames the first', async () => {
    const block = Number(logs[0]!.blockNumber)
    const other = `0x${'ab'.repeat(32)}`
    const change =
      (fields: object): Spoil =>
      (method, params, answer) =>
        method === 'eth_getBlockByNumber' && Number(params[0]) === block
          ? { ...(answer as object), ...fields }
          : answer
    for (const fields of [
      { hash: other },
      { receiptsRoot: other },
      { logsBloom: `0x${'00'.repeat(256)}` },
      { parentHash: other },
    ]) {
      const { faults } = await proofOver(change(fields))
      expect(faults[0], JSON.stringify(fields)).include({ block, field: `block ${block}.hash` })
    }
  })

  it('has nothing to do with an endpoint that does not have the pinned block, or differs from the second', async () => {
    const codeOf = (promise: Promise<unknown>): Promise<unknown> =>
      promise.then(
        () => null,
        (error: unknown) => (error instanceof RsdpError ? [error.code, error.exit] : error),
      )
    expect(
      await codeOf(proofOver((method, _, answer) => (method === 'eth_getBlockByHash' ? null : answer))),
    ).deep.equal(['E_HEAD', 6])
    const forked = spoiled((method, _, answer) =>
      method === 'eth_getBlockByNumber' ? { ...(answer as object), hash: `0x${'cd'.repeat(32)}` } : answer,
    )
    const { deployment } = audited.net
    const confirm = { name: 'other', confirm: forked }
    const request = recorder.request
    expect(
      await codeOf(readComplete({ request, deployment, taskId: audited.taskId, head: confirm })),
    ).deep.equal(['E_HEAD', 6])
  })

  it('on the command line: by a pinned head, by a second endpoint, and not by one alone', async () => {
    const { rpcUrl, deploymentFile } = audited.net
    const task = String(audited.taskId)
    const place = ['--rpc-url', rpcUrl, '--deployment', deploymentFile, '--complete']
    const pinned = await rsdp('audit', task, ...place, '--head', head, '--json')
    expect(pinned.code, pinned.stderr).equal(0)
    const { data } = JSON.parse(pinned.stdout) as { data: { verdict: string; complete: Completeness } }
    expect(data.complete).include({ provedLogs: logs.length, confirmedBy: 'you' })
    expect(pinned.stderr).match(/proving: \d+ headers, 100 at a time, about \d+ KiB/)
    const second = await rsdp('audit', task, ...place, '--rpc-url', rpcUrl)
    expect(second.code, second.stderr).equal(0)
    expect(second.stdout).contain('logs proved by the receipts of')
    const alone = await rsdp('audit', task, ...place)
    expect([alone.code, /error\[(\w+)\]/.exec(alone.stderr)?.[1]]).deep.equal([2, 'E_HEAD'])
  })
})
