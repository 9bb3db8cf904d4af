import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { MemoryDisk } from '../../../src/adapters/memory/store.ts'
import { freezesIn } from '../../../src/adapters/system/freezes-file.ts'
import { keccak } from '../../../src/codec/hex.ts'
import { Aggregator } from '../../../src/node/aggregator.ts'
import { answerOf } from '../../../src/node/reduction.ts'
import type { Freezes } from '../../../src/ports/freezes.ts'
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
    aggregator = made()
  })
  const made = (freezes?: Freezes): Aggregator =>
    new Aggregator({
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
      freezes,
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

  describe('over a restart', () => {
    const dir = mkdtempSync(join(tmpdir(), 'rsdp-frozen-'))
    const path = join(dir, 'frozen.json')
    afterEach(() => rmSync(path, { force: true }))
    after(() => rmSync(dir, { recursive: true, force: true }))

    /** Another state than the decided one, at a node that is started with this code. */
    async function differs(code: string): Promise<Aggregator> {
      const one = made(freezesIn(dir, code))
      one.run(effect(1), [])
      await settle()
      one.decided(decided(Uint8Array.of(9), LIST))
      expect(one.frozen).to.equal('differs')
      return one
    }

    it('stays frozen with the same code, and still shows where it differs', async () => {
      const before = await differs('engine 1')
      const again = made(freezesIn(dir, 'engine 1'))
      expect([again.frozen, again.difference]).to.deep.equal(['differs', before.difference])
      again.run(effect(7, 2), [])
      await settle()
      expect(answers().at(-1)).to.deep.equal([7, null])
      expect(lines.filter(({ event }) => event === 'task.frozen')).to.have.length(2)
    })

    it('starts again with other code, once and for all', async () => {
      await differs('engine 1')
      const other = made(freezesIn(dir, 'engine 2'))
      expect([other.frozen, other.difference]).to.deep.equal([null, null])
      expect(lines.at(-1)).to.deep.include({ event: 'task.resumed' })
      other.run(effect(7, 2), [])
      await settle()
      expect(answers().at(-1)).to.deep.equal([7, keccak(STATE)])
      // what froze it is forgotten, also by the code that did
      expect(made(freezesIn(dir, 'engine 1')).frozen).to.equal(null)
    })

    it('is resumed for good', async () => {
      const before = await differs('engine 1')
      expect(before.resume()).to.equal(true)
      expect(made(freezesIn(dir, 'engine 1')).frozen).to.equal(null)
    })

    it('keeps a machine that gave out, and forgets all without a file of its own', async () => {
      results = [{ ok: false, code: 'hostMemory' }]
      made(freezesIn(dir, 'engine 1')).run(effect(1), [])
      await settle()
      expect(made(freezesIn(dir, 'engine 1')).frozen).to.equal('hostMemory')
      expect(made().frozen).to.equal(null)
    })

    for (const text of [
      '',
      '{',
      '{"schema":1}',
      '{"schema":1,"tasks":{"0x01":{}}}',
      '{"schema":2,"tasks":{}}',
    ])
      it(`refuses a file that says '${text}'`, () => {
        writeFileSync(path, text)
        expect(() => freezesIn(dir, 'engine 1'))
          .to.throw()
          .with.property('code', 'E_FROZEN_FILE')
      })
  })
})
