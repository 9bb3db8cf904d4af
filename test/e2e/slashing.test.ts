import { readFile, writeFile } from 'node:fs/promises'
import { expect } from 'chai'
import { readEvidenceCall } from '../../src/audit/evidence/call.ts'
import type { Offence } from '../../src/audit/evidence/verdict.ts'
import type { AuditReport } from '../../src/audit/report.ts'
import { auditExitCode } from '../../src/audit/report.ts'
import type { LocalNode } from '../../src/cli/local/register-nodes.ts'
import { settleTask } from '../../src/cli/local/settle.ts'
import { EXIT } from '../../src/types/exit-codes.ts'
import type { Hex } from '../../src/types/ids.ts'
import type { TaskParams } from '../../src/types/task.ts'
import { FaultyNetwork } from '../helpers/faulty-network.ts'
import type { ChainConviction } from '../helpers/slashed-task.ts'
import { ChainMoment, misledBy } from '../helpers/slashed-task.ts'
import type { CliRun } from '../helpers/rsdp.ts'
import { rsdp } from '../helpers/rsdp.ts'

const HONEST = 5
const SEATS = 7
const HEIGHTS = 4
const STAKE = 100n * 10n ** 18n + 7n
/** So many that every member convenes the first round after round 0 of two of them: lies about lists need one. */
const HEIGHTS_FOR_ALL = 1 + 2 * SEATS

interface Crime {
  readonly fault: string
  readonly kind: Offence
  /** Base share of the lock, per cent. */
  readonly percent: (conviction: ChainConviction) => number
  /** Share at release, when the other liar of the task weighs in, if both are of the kinds that add up. */
  readonly finalPercent: (percent: number) => number
}

/** ⌊5 · (1 + 3 · w / W)⌋ with one other so convicted; all weigh 1 */
const CORRELATED = Math.floor(5 * (1 + 3 / SEATS))
const addsUp = (percent: number): number => Math.max(percent, CORRELATED)
const alone = (percent: number): number => percent

const crime = (
  fault: string,
  kind: Offence,
  percent: number | Crime['percent'],
  finalPercent = alone,
): Crime => ({ fault, kind, finalPercent, percent: typeof percent === 'number' ? () => percent : percent })

/** The wrong value misled whoever confirmed it. All weigh 1. */
const impact = ({ evidence }: ChainConviction): number =>
  Math.floor(20 + (80 * misledBy(evidence).length) / SEATS)

/**
 * For liars who would contradict themselves in the next round, and be convicted of something else: rounds do not fail because
 * the machine is busy.
 */
const PATIENT = { debateTicks: 100, shareTicks: 100, helloTicks: 100, confirmTicks: 200 }

/** Two liars a task at most: one more and they could stop the cluster. */
const TASKS: readonly {
  readonly crimes: readonly Crime[]
  readonly heights?: number
  readonly params: (network: FaultyNetwork) => Partial<TaskParams>
}[] = [
  {
    crimes: [crime('equivocate-status', 'E1', 5, addsUp), crime('equivocate-share', 'E1', 100, addsUp)],
    params: () => ({}),
  },
  {
    crimes: [crime('amnesia', 'E1b', 100, addsUp), crime('forked-log', 'E2', 5, addsUp)],
    params: () => ({}),
  },
  {
    crimes: [crime('unjustified-vote', 'E3', 1), crime('wrong-aggregate', 'E4', impact)],
    params: ({ twins }) => ({ ...PATIENT, twin: twins['rate-limit@1'] }),
  },
  {
    crimes: [crime('equivocate-confirm', 'E1', 100, addsUp), crime('illegal-log', 'E2', 5, addsUp)],
    params: () => PATIENT,
  },
  {
    crimes: [crime('equivocate-hello', 'E1', 5), crime('bogus-list', 'E3', 1)],
    heights: HEIGHTS_FOR_ALL,
    params: () => ({}),
  },
  {
    crimes: [crime('equivocate-checkpoint', 'E1', 100)],
    params: () => ({}),
  },
  {
    crimes: [crime('bogus-checkpoint', 'E5', 100)],
    // one epoch: a vote after a CHECKPOINT of another history is E6
    params: ({ twins }) => ({ ...PATIENT, twin: twins['rate-limit@1'], epochHeights: HEIGHTS }),
  },
  {
    // alone: the early vote of the other makes members ask for votes, and the true ones beside the lie would be E1
    crimes: [crime('two-parents', 'E6', 20)],
    params: ({ twins }) => ({ ...PATIENT, twin: twins['rate-limit@1'] }),
  },
]

/** Most that a reporter is credited for one proof, on local chains. */
const BOUNTY = 10n ** 18n

/** ⌈lock · percent / 100⌉ */
const due = (percent: number): bigint => (STAKE * BigInt(percent) + 99n) / 100n

describe('liars pay: processes over TCP, judged on a real chain', function () {
  this.timeout(600_000)
  let network: FaultyNetwork
  /** Tasks so far, with those who ran them. */
  const done: { taskId: bigint; nodes: readonly LocalNode[]; crimes: readonly Crime[] }[] = []

  before(async () => {
    network = await FaultyNetwork.create(HONEST + 2 * TASKS.length)
    for (const node of network.nodes.slice(0, HONEST)) network.start(node)
  })
  after(() => network.close())

  const liarsOf = (task: number): readonly LocalNode[] =>
    network.nodes.slice(HONEST + 2 * task, HONEST + 2 * (task + 1))

  async function runTask(
    liars: readonly LocalNode[],
    crimes: readonly Crime[],
    params: Partial<TaskParams> = {},
    heights = HEIGHTS,
  ): Promise<bigint> {
    liars.forEach((node, i) => {
      const fault = crimes[i]?.fault
      network.start(node, fault === undefined ? null : `${fault}:2-${heights}`)
    })
    const taskId = await network.runTask(heights, { stakePerNode: STAKE, ...params })
    const seats = network.seatsOf(taskId)
    await network.until('the result on chain', () => network.said('finalize.mined', taskId).length > 0)
    await network.until('all liars are convicted', () =>
      crimes.every((_, i) =>
        network
          .said('member.convicted', taskId)
          .some(({ facts }) => facts['member'] === seats.get(liars[i]!.name)),
      ),
    )
    done.push({ taskId, nodes: [...network.nodes.slice(0, HONEST), ...liars], crimes })
    await network.stop(...liars)
    return taskId
  }

  function itGoesOnToTheEnd(taskId: () => bigint, heights = HEIGHTS): void {
    it('the cluster goes on to the end, of one mind', async () => {
      const { board } = network.connection.contracts
      const [result] = await board.queryFilter(board.filters.TaskFinalized(taskId()))
      expect(result?.args.height).equal(BigInt(heights))
      const decided = network.said('height.decided', taskId())
      for (let height = 1; height <= heights; height += 1) {
        const values = decided
          .filter(({ facts }) => facts['height'] === height)
          .map(({ facts }) => facts['value'])
        expect(new Set(values).size, `values of height ${height}`).equal(1)
      }
    })
  }

  describe('with the faults off', () => {
    let taskId: bigint
    let report: AuditReport
    before(async () => {
      taskId = await runTask(liarsOf(0), [])
      report = await network.audit(taskId)
    })

    it('nobody finds anything, and nobody is convicted', async () => {
      expect(network.said('evidence.found', taskId)).deep.equal([])
      const moment = new ChainMoment(network, report)
      expect(await moment.convictions(taskId)).deep.equal([])
      expect(await moment.penalties()).deep.equal([])
      expect(await moment.burnt()).equal(0n)
      expect([auditExitCode(report), report.verdict, report.convictions]).deep.equal([
        EXIT.ok,
        'verified',
        [],
      ])
    })

    itGoesOnToTheEnd(() => taskId)
  })

  TASKS.forEach(({ crimes, params, heights }, n) => {
    describe(crimes.map(({ fault }) => fault).join(' and '), () => {
      let taskId: bigint
      let liars: readonly LocalNode[]
      let seats: ReadonlyMap<string, number>
      let report: AuditReport
      let moment: ChainMoment
      let convictions: readonly ChainConviction[]

      before(async () => {
        liars = liarsOf(n)
        taskId = await runTask(liars, crimes, params(network), heights)
        seats = network.seatsOf(taskId)
        report = await network.audit(taskId)
        moment = new ChainMoment(network, report)
        convictions = await moment.convictions(taskId)
      })

      crimes.forEach(({ fault, kind, percent }, i) => {
        it(`${fault} is ${kind}`, async function () {
          const { name, key, operator } = liars[i]!
          const member = seats.get(name)!
          const own = convictions.filter((conviction) => conviction.member === member)
          expect(new Set(own.map(({ offence }) => offence))).deep.equal(new Set([kind]))
          for (const conviction of own) expect(conviction.percent).equal(percent(conviction))
          const gravest = Math.max(...own.map((conviction) => conviction.percent))
          expect(own.at(-1)?.percent).equal(gravest)
          expect(await moment.lockOf(taskId, key)).equal(STAKE - due(gravest))

          const paid = (await moment.penalties(taskId)).filter((penalty) => penalty.member === member)
          expect(paid.map(({ transaction }) => transaction)).deep.equal(
            own.map(({ transaction }) => transaction),
          )
          expect(paid.reduce((sum, { amount }) => sum + amount, 0n)).equal(due(gravest))
          const reporters = new Set(
            report.cluster!.members.flatMap((one) => (one.key === key ? [] : one.key)),
          )
          for (const { operator: payer, amount, credited } of paid) {
            expect(payer).equal(operator.address)
            expect(credited?.amount).equal(amount / 10n < BOUNTY ? amount / 10n : BOUNTY)
            expect(reporters).include(credited?.reporter)
          }
          const found = await network.firstFound(taskId, member)
          expect(found).not.equal(null)
          const blocks = own[0]!.block - found!
          this.test!.title += `: ${gravest} % of the lock, ${blocks} blocks after it was found`
        })
      })

      it('a tenth is credited to who reported it, the rest is burnt', async () => {
        const penalties = await moment.penalties()
        const credits = penalties.flatMap(({ credited }) => (credited === null ? [] : [credited]))
        const taken = penalties.reduce((sum, { amount }) => sum + amount, 0n)
        const credited = credits.reduce((sum, { amount }) => sum + amount, 0n)
        expect(await moment.burnt()).equal(taken - credited)
        for (const { reporter } of credits) {
          const own = credits.filter((credit) => credit.reporter === reporter)
          expect(await moment.creditOf(reporter)).equal(own.reduce((sum, { amount }) => sum + amount, 0n))
        }
      })

      it('nobody else is accused, and nobody else loses anything', async () => {
        const guilty = new Set(crimes.map((_, i) => seats.get(liars[i]!.name)))
        const accused = network.said('evidence.found', taskId).map(({ facts }) => facts['member'])
        expect(new Set(accused)).deep.equal(guilty)
        expect(new Set(convictions.map(({ member }) => member))).deep.equal(guilty)
        for (const { index, key } of report.cluster!.members) {
          if (!guilty.has(index)) expect(await moment.lockOf(taskId, key)).equal(STAKE)
        }
      })

      itGoesOnToTheEnd(() => taskId, heights)

      it('the audit finds offence, evidence and amounts to be right', async () => {
        expect(report.findings).deep.equal([])
        expect([auditExitCode(report), report.verdict]).deep.equal([EXIT.ok, 'verified'])
        expect(report.convictions).length(convictions.length)
        report.convictions.forEach((conviction, i) => {
          const { evidence, ...told } = convictions[i]!
          expect(conviction, evidence).deep.include(told)
        })
        expect(report.penalties).deep.equal(await moment.penalties(taskId))
      })
    })
  })

  describe('commands, over the chain that still runs', () => {
    let task: string
    let convictions: readonly ChainConviction[]
    const run = (...args: readonly string[]): Promise<CliRun> =>
      rsdp(...args, '--rpc-url', network.rpcUrl, '--deployment', network.deploymentFile, '--json')
    const dataOf = ({ stdout }: CliRun): Record<string, unknown> =>
      (JSON.parse(stdout) as { data: Record<string, unknown> }).data

    before(async () => {
      const { taskId } = done[1]!
      task = String(taskId)
      convictions = await new ChainMoment(network, { head: await network.head() }).convictions(taskId)
    })

    it('evidence list judges each again', async () => {
      const list = await run('evidence', 'list', task)
      expect(list.code, list.stderr).equal(EXIT.ok)
      const { convictions: listed } = dataOf(list) as { convictions: { transaction: string }[] }
      expect(listed.map(({ transaction }) => transaction)).deep.equal(
        convictions.map(({ transaction }) => transaction),
      )
    })

    it('explain tells of a slash by its transaction, and by key and operator of who paid', async () => {
      const [conviction] = convictions
      const { key, operator } = (await network.audit(BigInt(task))).cluster!.members[conviction!.member]!
      for (const what of [conviction!.transaction, key, operator]) {
        const explained = await run('explain', what)
        expect(explained.code, explained.stderr).equal(EXIT.ok)
        const { convictions: told } = dataOf(explained) as { convictions: { conviction: unknown }[] }
        expect(told).length(1)
        expect(told[0]!.conviction).deep.include({ transaction: conviction!.transaction })
      }
    })

    it('a proof that is shown can be verified; brought again it is refused; with one bit flipped it proves nothing', async () => {
      const proof = network.file('proof.json')
      const shown = await run('evidence', 'show', task, '1', '--out', proof)
      expect(shown.code, shown.stderr).equal(EXIT.ok)
      const verified = await run('evidence', 'verify', proof)
      expect(verified.code, verified.stderr).equal(EXIT.ok)
      const again = await run('evidence', 'submit', proof)
      expect(again.code, again.stderr).equal(EXIT.precondition)
      const { error } = JSON.parse(again.stdout) as { error: { code: string; details: unknown } }
      expect(error).deep.include({ code: 'E_REVERT' })
      expect(error.details).deep.include({ error: 'AlreadyConvicted' })

      const flipped = network.file('flipped.json')
      const text = await readFile(proof, 'utf8')
      await writeFile(flipped, withBitFlipped(text, convictions[0]!.evidence))
      const refused = await run('evidence', 'verify', flipped)
      expect(refused.code, refused.stderr).equal(EXIT.mismatch)
      const unsent = await run('evidence', 'submit', flipped)
      expect(unsent.code, unsent.stderr).equal(EXIT.mismatch)
      expect(dataOf(unsent)).deep.include({ transaction: null })
    })
  })

  describe('when the evidence window is over', () => {
    it('everybody else gets all of the lock back, and liars what is left', async () => {
      for (const { taskId, nodes, crimes } of done) {
        await settleTask({ connection: network.connection, client: network.client, nodes }, taskId)
        const report = await network.audit(taskId)
        expect(report.findings).deep.equal([])
        const moment = new ChainMoment(network, report)
        const penalties = await moment.penalties(taskId)
        for (const [i, { key, operator }] of nodes.entries()) {
          const { fault, finalPercent } = crimes[i - HONEST] ?? { fault: 'none', finalPercent: () => 0 }
          const paid = penalties.filter((penalty) => penalty.operator === operator.address)
          const base = Math.max(0, ...paid.flatMap((one) => (one.credited === null ? [] : one.percent)))
          const taken = paid.reduce((sum, { amount }) => sum + amount, 0n)
          expect(taken, fault).equal(due(finalPercent(base)))
          expect(await moment.lockOf(taskId, key), fault).equal(0n)
        }
      }
    })
  })
})

/** The file with one bit of a signed object in it turned over. */
function withBitFlipped(file: string, evidence: Hex): string {
  const call = readEvidenceCall(evidence)
  const parts: Readonly<Record<string, unknown>> = { ...call }
  const object = ['first', 'confirm', 'checkpoint', 'vote', 'share'].map((name) => parts[name]).find(Boolean)
  if (typeof object !== 'string') throw new Error('no proof')
  const [before, last] = [object.slice(2, -1), object.slice(-1)]
  return file.replace(before + last, before + (Number.parseInt(last, 16) ^ 1).toString(16))
}
