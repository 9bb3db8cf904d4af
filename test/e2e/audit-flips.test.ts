import { expect } from 'chai'
import { recoverSigner } from '../../src/adapters/keys/keyring.ts'
import type { RecoverSigner } from '../../src/ports/keyring.ts'
import { requestOver } from '../../src/adapters/evm/history-rpc.ts'
import { HTTP_LIMITS, HttpRpc } from '../../src/adapters/evm/http-rpc.ts'
import { nodePost } from '../../src/adapters/evm/node-post.ts'
import { parseRpcUrl } from '../../src/adapters/evm/rpc-url.ts'
import { EvmHistory } from '../../src/adapters/evm/history.ts'
import { openHistory } from '../../src/adapters/evm/open-history.ts'
import { PAIRINGS } from '../../src/audit/pairs.ts'
import type { AuditReport } from '../../src/audit/report.ts'
import { auditExitCode } from '../../src/audit/report.ts'
import { reportJson } from '../../src/audit/report-json.ts'
import { reportSchema } from '../../src/audit/report-schema.ts'
import { runAudit } from '../../src/audit/run.ts'
import type { AuditedNetwork } from '../helpers/audit-chain.ts'
import { anchorTask } from '../helpers/audit-chain.ts'
import { rpcProxy } from '../helpers/chain-rpc.ts'
import type { Flip } from '../helpers/flip-proxy.ts'
import {
  Recorder,
  argumentFlips,
  restFlips,
  transactionFlips,
  viewFlips,
  wordFlips,
} from '../helpers/flip-proxy.ts'

/** Fields of views on which no verdict rests, each with the reason. Events and calldata have none. */
const UNUSED_VIEWS: Readonly<Record<string, string>> = {
  'windows().taskBlocksMax': 'bounds publish() only; the contract has applied it',
  'formWindow()': 'bounds form() only; the contract has applied it',
  'reductionOf().paramsHash': 'the event has it',
  'reductionOf().twinCodeHash': 'the task names no twin',
  'reductionOf().seed': 'the task names no twin',
}
/** A header that does not fit its hash is left out: calldata of form() holds the one that the contract has checked. */
const isUnused = ({ field }: Flip): boolean =>
  field in UNUSED_VIEWS || /^block \d+\.hash$/.test(field) || isUncounted(field)
/** A deployment that counts no seconds: no rule reads a time. */
const isUncounted = (field: string): boolean => /At\.time$|^Jailed\.untilTime$/.test(field)

const REGISTER_TERMS = ['register().stake', 'register().perTask', 'register().total', 'register().multiaddrs']

/**
 * Calldata that nothing else repeats: the transaction hash convicts it, but says only that one of these is wrong. All of
 * them are named, and no verdict rests on any.
 */
const NAMED_TOGETHER: Readonly<Record<string, readonly string[]>> = {
  'register().stake': REGISTER_TERMS,
  'register().perTask': REGISTER_TERMS,
  'register().total': REGISTER_TERMS,
  'register().multiaddrs[0]': REGISTER_TERMS,
  'rotateKey().multiaddrs[0]': ['rotateKey().multiaddrs'],
  // the entry of the ledger repeats the conviction in the same transaction
  'Convicted.offence': ['SystemEntry.data', 'Convicted.offence'],
  'Convicted.percent': ['SystemEntry.data', 'Convicted.percent'],
  // what consumers are told is the same
  'task().resultHash': ['task().resultHash', 'result().resultHash'],
  // another contract answers for it, or none
  'results()': ['result().outcome', 'result().height', 'result().resultHash'],
}

/** Proofs that are not in this history: read, compared and judged in the same way as those that are. */
const OTHER_PROOFS = [
  ...['amnesia()', 'illegalLog()', 'forkedLog()', 'wrongReduction()'],
  ...['wrongCheckpoint()', 'twoParents()', 'refute()', 'Refuted'],
]

/** Hundreds of audits of one history: the signatures that are not flipped are recovered once. */
const recovered = new Map<string, ReturnType<RecoverSigner>>()
const recover: RecoverSigner = (digest, signature) => {
  const key = digest + signature
  const signer = recovered.has(key) ? recovered.get(key)! : recoverSigner(digest, signature)
  recovered.set(key, signer)
  return signer
}

describe('audit against a lying endpoint', function () {
  this.timeout(600_000)
  let audited: AuditedNetwork
  let recorder: Recorder

  before(async () => {
    audited = await anchorTask()
    const http = new HttpRpc(parseRpcUrl(audited.net.rpcUrl), HTTP_LIMITS, nodePost)
    recorder = new Recorder(requestOver(http))
    const honest = await audit(recorder.request)
    expect(honest.findings).to.deep.equal([])
    expect(honest.verdict).to.equal('verified')
    recorder.seal()
  })

  after(() => audited.net.close())

  async function audit(request: Recorder['request']): Promise<AuditReport> {
    const report = await runAudit(new EvmHistory(request, audited.net.deployment), audited.taskId, {
      recover,
    })
    // what --json says of any history is what docs/formats/audit.schema.json describes
    expect(reportSchema.safeParse(JSON.parse(JSON.stringify(reportJson(report)))).error).equal(undefined)
    return report
  }

  /** Flips that the audit did not notice, or of which it blamed anything but the field that was flipped. */
  async function missed(flips: readonly Flip[]): Promise<string[]> {
    const wrong: string[] = []
    for (const flip of flips) {
      const report = await audit(recorder.flipped(flip))
      const named = report.findings.map(({ field }) => field).join(', ')
      const expected = (NAMED_TOGETHER[flip.field] ?? [flip.field]).join(', ')
      if (auditExitCode(report) !== 6 || named !== expected)
        wrong.push(`${flip.source} ${expected}: ${named}`)
    }
    return wrong
  }

  it('works over HTTP, and exits 6 through a proxy', async () => {
    const { net, taskId } = audited
    const { deployment } = net
    const flip = argumentFlips(recorder, deployment).find(
      ({ field, source }) => source === 'event' && field.startsWith('Checkpointed.batch.stateHash'),
    )!
    const answer = (): boolean => false
    const honest = await rpcProxy(net.rpcUrl, answer)
    const lying = await rpcProxy(net.rpcUrl, answer, ({ method, params }, result) =>
      flip.apply(method, params, result),
    )
    const histories = [honest, lying].map(({ url }) => openHistory(url, deployment))
    const reports = await Promise.all(histories.map((history) => runAudit(history, taskId)))
    expect(reports.map(auditExitCode)).to.deep.equal([0, 6])
    expect(reports[1]?.findings.map(({ field }) => field)).to.deep.equal([flip.field])
    for (const history of histories) history.close()
    await Promise.all([honest.close(), lying.close()])
  })

  it('has every event and every call in its history, so that none is left out below', () => {
    const flips = argumentFlips(recorder, audited.net.deployment)
    const seen = new Set(flips.map(({ field }) => field.split('.')[0]))
    const calls = Object.values(PAIRINGS).flatMap((pairing) => Object.keys(pairing.calls))
    expect([...seen, ...OTHER_PROOFS].sort()).to.deep.equal(
      [...new Set([...Object.keys(PAIRINGS), ...calls.map((name) => `${name}()`)])].sort(),
    )
  })

  it('names exactly the argument of an event or a call that is told wrong, for every one of them', async () => {
    const flips = argumentFlips(recorder, audited.net.deployment)
    expect(flips.length).to.be.greaterThan(300)
    expect(await missed(flips.filter((flip) => !isUnused(flip)))).to.deep.equal([])
    for (const flip of flips.filter(isUnused))
      expect((await audit(recorder.flipped(flip))).verdict, flip.field).to.equal('verified')
  })

  it('names exactly the view, code or block hash that is told wrong', async () => {
    const { deployment } = audited.net
    const flips = [...viewFlips(recorder, deployment), ...restFlips(recorder, deployment)]
    const used = flips.filter((flip) => !isUnused(flip))
    expect(await missed(used)).to.deep.equal([])
    for (const flip of flips.filter(isUnused)) {
      expect((await audit(recorder.flipped(flip))).verdict, flip.field).to.equal('verified')
    }
  })

  it('names the event whose encoding is not what a contract writes', async () => {
    for (const flip of wordFlips(recorder, audited.net.deployment)) {
      const { findings } = await audit(recorder.flipped(flip))
      const named = findings.filter(({ field }) => field.startsWith(`${flip.field}.`))
      expect(named, flip.field).to.not.deep.equal([])
    }
  })

  it('notices every other bit of a signed transaction', async () => {
    for (const flip of transactionFlips(recorder, audited.net.deployment)) {
      const { findings } = await audit(recorder.flipped(flip))
      // several calls may emit an event: without a selector or receiver nobody can say which it was
      const isNamed = (field: string): boolean =>
        (field.split('().')[0] ?? '').split('|').includes(flip.field.slice(0, -2))
      const named = findings.filter(({ field }) => isNamed(field) || field.endsWith('.blockNumber'))
      expect(named, flip.field).to.not.deep.equal([])
    }
  })
})
