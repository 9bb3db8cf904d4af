import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect } from 'chai'
import type { AuditReport } from '../../src/audit/report.ts'
import { FaultyNetwork } from '../helpers/faulty-network.ts'
import { skip } from '../helpers/skip.ts'

const NODES = 4
const HEIGHTS = 6
const CHECKPOINTS = 3

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
/** What an auditor has to go by. */
const PAGE = /^## By hand$([\s\S]*?)^## /m.exec(readFileSync(join(ROOT, 'docs/audit.md'), 'utf8'))?.[1] ?? ''

/** Where npm puts the program for this machine; null if it has none for it. */
function castProgram(): string | null {
  const arch = process.arch === 'x64' ? 'amd64' : process.arch
  const program = join(ROOT, 'node_modules/@foundry-rs', `cast-${process.platform}-${arch}`, 'bin', 'cast')
  return existsSync(program) ? program : null
}

describe('a checkpoint read by hand, with cast and the page alone', function () {
  this.timeout(300_000)
  let network: FaultyNetwork
  let cast: (...args: readonly string[]) => Promise<unknown>
  let report: AuditReport
  let taskId: bigint

  before(async function () {
    const program = castProgram()
    if (program === null) skip(this, 'npm has no cast for this machine')
    // the chain runs in this process: it must go on while cast asks
    cast = async (...args) => JSON.parse((await promisify(execFile)(program, args)).stdout) as unknown
    network = await FaultyNetwork.create(NODES)
    for (const node of network.nodes) network.start(node)
    taskId = await network.runTask(HEIGHTS, {})
    await network.until('the result on chain', () => network.said('finalize.mined', taskId).length > 0)
    report = await network.audit(taskId)
  })
  after(() => network.close())

  it('three checkpoints of a run hold what the audit says', async () => {
    const [, event = ''] = /"(Checkpointed\(uint256 indexed[^"]*\))"/.exec(PAGE) ?? []
    const [, types = ''] = /"(Checkpointed\(\)\([^"]*\))"/.exec(PAGE) ?? []
    const widths = [...PAGE.matchAll(/^\| (\d+|⌈n \/ 8⌉) \| `(\w+)`/gm)].map(([, bytes = '', name = '']) => ({
      name,
      bytes: bytes.startsWith('⌈') ? Math.ceil(NODES / 8) : Number(bytes),
    }))
    const address = network.connection.deployment.contracts.PhaseLog.address
    const place = ['--json', '--rpc-url', network.rpcUrl, '--from-block', '0', '--address', address]
    const logs = (await cast('logs', ...place, event, String(taskId))) as { readonly data: string }[]
    expect(logs).length(CHECKPOINTS)

    let eventSeq = 0n
    let next = 1
    for (const [i, { data }] of logs.entries()) {
      const decoded = ((await cast('decode-abi', '--json', types, data)) as unknown[]).map(String)
      const [first, last, root, seq, bitmap, , , , batch = ''] = decoded
      expect(Number(first)).equal(next)
      const step = report.steps.filter(({ kind }) => kind === 'checkpoint')[i]!
      expect(root).equal(step.logged)
      const signers = BigInt(bitmap!).toString(2).replaceAll('0', '').length
      expect(`${signers}/${NODES}`).equal(step.signatures)
      let rest = batch.slice(2)
      for (; next <= Number(last); next += 1) {
        const fields: Record<string, string> = {}
        for (const { name, bytes } of widths) {
          fields[name] = rest.slice(0, 2 * bytes)
          rest = rest.slice(2 * bytes)
        }
        const height = report.heights[next - 1]!
        expect(`0x${fields['stateHash']}`).equal(height.stateHash)
        expect(`0x${fields['inputsRoot']}`).equal(height.inputsRoot)
        expect(Number(`0x${fields['hint']}`)).equal(height.round)
        eventSeq += BigInt(`0x${fields['eventSeqDelta']}`)
        expect(Number(eventSeq)).equal(height.eventSeq)
        expect(Number(`0x${fields['list']}`)).above(0)
      }
      expect(rest, 'nothing is left of the batch').equal('')
      expect(eventSeq).equal(BigInt(seq!))
    }
    expect(next).equal(HEIGHTS + 1)
  })
})
