import { expect } from 'chai'
import { keccak } from '../../../src/codec/hex.ts'
import { BodyGate } from '../../../src/node/body-gate.ts'
import type { BundleRunner } from '../../../src/ports/bundles.ts'
import type { Part } from '../../../src/types/frames.ts'
import type { Digest } from '../../../src/types/ids.ts'
import { NIL } from '../../../src/types/ids.ts'
import type { LogLine } from '../../helpers/runner-cluster.ts'
import { recordingLogger } from '../../helpers/runner-cluster.ts'

type Body = Extract<Part, { kind: 'body' }>

const bodyOf = (...bytes: number[]): Body => {
  const body = Uint8Array.from(bytes)
  return { kind: 'body', hash: keccak(body), bytes: body }
}
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('BodyGate', () => {
  let asked: string[]
  let verdict: boolean | null
  let wanted: Set<Digest> | null
  let delivered: [number, Part][]
  let lines: LogLine[]
  let gate: BodyGate
  /** Answers wait for `go` if it is set. */
  let go: Promise<undefined> | null

  beforeEach(() => {
    ;[asked, verdict, wanted, delivered, lines, go] = [[], true, null, [], [], null]
    const runner: BundleRunner = {
      run: () => Promise.reject(new Error('not asked')),
      stop: () => Promise.resolve(),
      acceptsParams: () => Promise.reject(new Error('not asked')),
      judge: async (_bundle, _params, input) => {
        asked.push(input.join(','))
        await go
        return verdict
      },
    }
    gate = new BodyGate({
      runner,
      bundle: NIL,
      params: '0x',
      inputBytesMax: 3,
      taskId: 1n,
      logger: recordingLogger(lines),
      isWanted: (hash) => wanted?.has(hash) ?? true,
      deliver: (from, part) => delivered.push([from, part]),
    })
  })

  it('lets nothing through that it knows nothing of, and says of it that it is no input', () => {
    const { now, bodies } = gate.parts([bodyOf(1), { kind: 'ask', height: 1 }])
    expect(now).to.deep.equal([{ kind: 'ask', height: 1 }])
    expect(bodies).to.deep.equal([bodyOf(1)])
    expect(gate.isValid(bodyOf(1).hash)).to.equal(false)
  })

  it('does not run what nobody asked for', async () => {
    wanted = new Set([bodyOf(2).hash])
    gate.judge(1, [bodyOf(1), bodyOf(2)])
    await settle()
    expect(asked).to.deep.equal(['2'])
  })

  it('runs no more than four of a member at a time, and each once', async () => {
    const started = Promise.withResolvers<undefined>()
    go = started.promise
    gate.judge(
      1,
      [1, 1, 2, 3, 4, 5, 6].map((byte) => bodyOf(byte)),
    )
    gate.judge(2, [bodyOf(9)])
    expect(asked).to.deep.equal(['1', '2', '3', '4', '9'])
    started.resolve(undefined)
    await settle()
    expect(delivered.map(([from]) => from).sort()).to.deep.equal([1, 1, 1, 1, 2])
    gate.judge(1, [bodyOf(5)])
    expect(asked.at(-1)).to.equal('5')
  })

  it('delivers what was judged with its verdict, and knows it from then on', async () => {
    verdict = false
    gate.judge(3, [bodyOf(1)])
    await settle()
    verdict = true
    gate.judge(3, [bodyOf(2)])
    await settle()
    expect(delivered).to.deep.equal([
      [3, bodyOf(1)],
      [3, bodyOf(2)],
    ])
    expect([gate.isValid(bodyOf(1).hash), gate.isValid(bodyOf(2).hash)]).to.deep.equal([false, true])
    expect(gate.parts([bodyOf(1), bodyOf(2)]).bodies).to.deep.equal([])
  })

  it('refuses what is above the input cap without running it: it may still be a decided state', async () => {
    gate.judge(1, [bodyOf(1, 2, 3, 4)])
    await settle()
    expect(asked).to.deep.equal([])
    expect(delivered).to.deep.equal([[1, bodyOf(1, 2, 3, 4)]])
    expect(gate.isValid(bodyOf(1, 2, 3, 4).hash)).to.equal(false)
  })

  it('keeps back what this machine could not judge, and judges it when it comes again', async () => {
    verdict = null
    gate.judge(1, [bodyOf(1)])
    await settle()
    expect(delivered).to.deep.equal([])
    expect(lines.map(({ event }) => event)).to.deep.equal(['input.not-judged'])
    verdict = true
    gate.judge(1, [bodyOf(1)])
    await settle()
    expect(delivered).to.deep.equal([[1, bodyOf(1)]])
  })

  it('is not ready before the bodies of an earlier run are judged', async () => {
    expect(gate.isReady).to.equal(true)
    gate.restore([Uint8Array.of(1), Uint8Array.of(2)])
    expect(gate.isReady).to.equal(false)
    await settle()
    expect(gate.isReady).to.equal(true)
    expect(gate.isValid(bodyOf(2).hash)).to.equal(true)
  })

  it('judges what the application brings before it is looked at', async () => {
    verdict = false
    const source = gate.source({
      observe: () => Promise.resolve(Uint8Array.of(7)),
      decided: () => undefined,
    })
    expect(await source.observe(1)).to.deep.equal(Uint8Array.of(7))
    expect(asked).to.deep.equal(['7'])
    expect(gate.isValid(bodyOf(7).hash)).to.equal(false)
  })
})
