import { expect } from 'chai'
import { MemoryDisk } from '../../../src/adapters/memory/store.ts'
import { keccak } from '../../../src/codec/hex.ts'
import { Aggregator } from '../../../src/node/aggregator.ts'
import { answerOf } from '../../../src/node/reduction.ts'
import type { RunnerResult } from '../../../src/ports/reducer-runner.ts'
import type { EngineEffect, EngineInput } from '../../../src/protocol/io.ts'
import type { Digest } from '../../../src/types/ids.ts'
import { NIL } from '../../../src/types/ids.ts'
import type { LogLine } from '../../helpers/runner-cluster.ts'
import { DOMAIN, keyringOf, realCluster, recordingLogger, taskParams } from '../../helpers/runner-cluster.ts'

type Aggregate = Extract<EngineEffect, { kind: 'aggregate' }>
type Decided = Extract<EngineEffect, { kind: 'decided' }>

const CLUSTER = realCluster(4)
const STATE = Uint8Array.of(1, 2)
const INPUTS = [0, 1, 3].map((member) => ({ member, state: Uint8Array.of(member) }))
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

const effect = (token: number, height = 1): Aggregate => ({
  kind: 'aggregate',
  token,
  height,
  inputs: INPUTS,
  eventSeq: 0,
  closing: false,
})

/** A decision over a list; only what is looked at is there. */
function decided(
  state: Uint8Array,
  listed: readonly { member: number; stateHash: Digest }[],
  eventSeq = 0,
): Decided {
  const inputs = listed.map(({ member, stateHash }) => ({ member, object: { type: 'status', stateHash } }))
  return {
    kind: 'decided',
    state,
    decided: { height: 1, share: { object: { eventSeq } }, inputs },
  } as unknown as Decided
}
const LIST = INPUTS.map(({ member, state }) => ({ member, stateHash: keccak(state) }))

describe('Aggregator', () => {
  let results: RunnerResult[]
  let given: EngineInput[]
  let lines: LogLine[]
  let aggregator: Aggregator

  beforeEach(() => {
    ;[results, given, lines] = [[], [], []]
    aggregator = new Aggregator({
      taskId: 1n,
      cluster: CLUSTER,
      params: taskParams(),
      reducer: 'any',
      runner: {
        run: () => Promise.resolve(results.shift() ?? { ok: true, state: STATE }),
        stop: () => Promise.resolve(),
      },
      store: new MemoryDisk().open({ key: keyringOf(0).address, deploymentId: DOMAIN.salt }),
      logger: recordingLogger(lines),
      twin: null,
      handedOver: () => new Uint8Array(),
      give: (input) => given.push(input),
      onFatal: (error) => expect.fail(String(error)),
    })
  })
  const answers = (): unknown[] =>
    given.map((input) =>
      input.kind === 'aggregated' ? [input.token, input.result?.stateHash ?? null] : input.kind,
    )

  for (const code of ['hostStack', 'hostMemory'] as const)
    it(`${code}: votes NIL, and from then on without asking again`, async () => {
      results = [{ ok: false, code }]
      aggregator.run(effect(1), [])
      await settle()
      aggregator.run(effect(2), [])
      await settle()
      expect(answers()).to.deep.equal([
        [1, null],
        [2, null],
      ])
      expect(aggregator.frozen).to.equal(code)
      expect(lines.filter(({ event }) => event === 'task.frozen')).to.have.length(1)
    })

  for (const code of [
    'overBudget',
    'tooDeep',
    'threw',
    'outOfMemory',
    'badOutput',
    'timedOut',
    'busy',
  ] as const)
    it(`${code}: is no reason to stop, and says of which list`, async () => {
      results = [{ ok: false, code }]
      aggregator.run(effect(1), [])
      aggregator.run(effect(2), [])
      await settle()
      expect(answers()).to.deep.equal([code === 'timedOut' ? 'expired' : [1, null], [2, keccak(STATE)]])
      expect(aggregator.frozen).to.equal(null)
      expect(lines.map(({ event, facts }) => [event, facts['members']])).to.deep.equal([
        ['reducer.failed', [0, 1, 3]],
      ])
    })

  it('tells the engine which failures every machine has', () => {
    const codes = [
      'overBudget',
      'threw',
      'badOutput',
      'overCap',
      'hostStack',
      'nondeterministic',
      'busy',
    ] as const
    const verdicts: unknown[] = []
    for (const code of codes) {
      const answer = answerOf(1, { ok: false, code })
      if (answer.kind === 'aggregated' && answer.isVerdict === true) verdicts.push(code)
    }
    expect(verdicts).to.deep.equal(['overBudget', 'threw', 'badOutput', 'overCap'])
    expect(answerOf(1, null)).not.to.have.property('isVerdict')
  })

  it('freezes where another state was decided over the list that it has aggregated', async () => {
    aggregator.run(effect(1), [])
    await settle()
    expect(aggregator.decided(decided(Uint8Array.of(9), LIST))).to.equal(true)
    expect(aggregator.frozen).to.equal('differs')
    const members = [0, 1, 3]
    expect(aggregator.difference).to.deep.equal({ height: 1, members, own: '0x0102', decided: '0x09' })
  })

  it('votes for values again once it is resumed, and freezes again if they differ again', async () => {
    expect(aggregator.resume()).to.equal(false)
    for (const height of [1, 1]) {
      aggregator.run(effect(1, height), [])
      await settle()
      expect(answers().at(-1)).to.deep.equal([1, keccak(STATE)])
      aggregator.decided(decided(Uint8Array.of(9), LIST))
      aggregator.run(effect(2), [])
      await settle()
      expect(answers().at(-1)).to.deep.equal([2, null])
      expect(aggregator.resume()).to.equal(true)
      expect([aggregator.frozen, aggregator.difference]).to.deep.equal([null, null])
    }
  })

  it('goes on where the same was decided, or something over another list', async () => {
    const others = [
      decided(STATE, LIST),
      decided(Uint8Array.of(9), LIST.slice(1)),
      decided(Uint8Array.of(9), LIST, 1),
      decided(Uint8Array.of(9), [...LIST.slice(1), { member: 0, stateHash: NIL }]),
    ]
    for (const other of others) {
      aggregator.run(effect(1), [])
      await settle()
      aggregator.decided(other)
      expect(aggregator.frozen).to.equal(null)
    }
  })

  it('says whether it had a state for the height, once', async () => {
    expect(aggregator.decided(decided(STATE, LIST))).to.equal(null)
    results = [{ ok: false, code: 'threw' }]
    aggregator.run(effect(1), [])
    await settle()
    expect(aggregator.decided(decided(STATE, LIST))).to.equal(false)
    expect(aggregator.decided(decided(STATE, LIST))).to.equal(null)
  })
})
