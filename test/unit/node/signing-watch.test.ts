import { expect } from 'chai'
import { MemoryDisk } from '../../../src/adapters/memory/store.ts'
import { decodeFrame } from '../../../src/codec/frames.ts'
import { MemberLink } from '../../../src/node/member-link.ts'
import { SigningWatch, whySilent } from '../../../src/node/signing-watch.ts'
import type { Store } from '../../../src/ports/store.ts'
import type { Transport } from '../../../src/ports/transport.ts'
import { SIGN_NOTHING } from '../../../src/protocol/standing.ts'
import type { MemberIndex } from '../../../src/types/ids.ts'
import type { Part } from '../../../src/types/frames.ts'
import { NIL } from '../../../src/types/ids.ts'
import { signed as signedOf, confirm as confirmOf } from '../../helpers/store-kit.ts'
import { EngineBench } from '../../helpers/engine-cluster-bench.ts'

const N = 31
const CLUSTER_ID = new EngineBench({ n: N }).state.config.cluster.id

/** The watch of member 0 of 31, and whom it asks. */
function watched(kind: 'whole' | 'lost' = 'whole'): {
  readonly watch: SigningWatch
  readonly ticks: (count: number) => [number, MemberIndex[]][]
  readonly store: Store
  /** Codes with which it has stopped, and what it has logged. */
  readonly doubles: string[]
  readonly logged: string[]
} {
  const { state } = new EngineBench({ n: N })
  const { cluster } = state.config
  const seats = new Map(cluster.members.map(({ key, index }) => [key, index]))
  let asked: MemberIndex[] = []
  const transport: Transport = {
    key: cluster.members[0]!.key,
    addresses: () => [],
    start: () => Promise.resolve(),
    stop: () => Promise.resolve(),
    setPeers: () => undefined,
    connected: () => [],
    broadcast: () => undefined,
    send: (to, bytes) => {
      if (decodeFrame(bytes)?.parts[0]?.kind === 'own') asked.push(seats.get(to) ?? -1)
    },
    sendData: () => undefined,
    onMessage: () => undefined,
    counters: () => ({
      ...{ framesSent: 0, framesReceived: 0, bytesSent: 0, bytesReceived: 0, framesDropped: 0 },
      refused: {},
    }),
  }
  const doubles: string[] = []
  const logged: string[] = []
  const said = (event: string): void => void logged.push(event)
  const store = new MemoryDisk().open({ key: transport.key, deploymentId: NIL })
  const watch = new SigningWatch({
    ...{ taskId: 1n, cluster, self: 0, memory: { kind }, isFaulty: false },
    store,
    logger: { info: said, warn: said, error: said },
    link: new MemberLink(cluster, 0, transport),
    state: () => state,
    fence: () => undefined,
    onDouble: ({ code }) => void doubles.push(code),
  })
  let tick = 0
  /** Ticks at which somebody was asked, and who. */
  const ticks = (count: number): [number, MemberIndex[]][] => {
    const found: [number, MemberIndex[]][] = []
    for (let i = 0; i < count; i += 1) {
      asked = []
      watch.tick()
      if (asked.length > 0) found.push([tick, asked])
      tick += 1
    }
    return found
  }
  return { watch, ticks, store, doubles, logged }
}

describe('what a node has signed', () => {
  const A_THIRD = 11

  it('is asked of everybody, then at growing intervals of a third that has not answered, by turns', () => {
    const { ticks } = watched()
    expect(ticks(104).map(([tick, { length }]) => [tick, length])).to.deep.equal([
      [0, N - 1],
      ...[2, 5, 10, 19, 36, 53, 70, 87].map((tick) => [tick, A_THIRD]),
    ])
    const next = ticks(60).flatMap(([, asked]) => asked)
    expect(new Set(next).size, 'three turns reach everybody').to.equal(N - 1)
  })

  it('is asked of nobody twice that has answered', () => {
    const { watch, ticks } = watched()
    ticks(1)
    const answered = [4, 5, 6]
    for (const member of answered) watch.heard(member, [{ kind: 'at', height: 1 }])
    const later = ticks(200).flatMap(([, asked]) => asked)
    expect(new Set(later).size).to.equal(N - 1 - answered.length)
    expect(later).not.to.include.members(answered)
  })

  it('is asked of all that are silent where the store may have lost all', () => {
    const { ticks } = watched('lost')
    expect(ticks(3).map(([tick, { length }]) => [tick, length])).to.deep.equal([
      [0, N - 1],
      [2, N - 1],
    ])
  })

  it('is asked of nobody once members of more than a third have answered', () => {
    const { watch, ticks } = watched()
    ticks(1)
    for (let member = 1; member <= 10; member += 1) watch.heard(member, [{ kind: 'at', height: 1 }])
    expect(watch.fence).to.equal(SIGN_NOTHING)
    watch.heard(11, [{ kind: 'at', height: 1 }])
    expect(watch.fence).to.equal(0)
    expect(ticks(100)).to.deep.equal([])
  })

  it('is why a node that lost it is not ready, until it signs again; one that has only not asked is', () => {
    const lost = watched('lost')
    const why = (): string | null => whySilent(lost.watch.health())
    expect(why()).to.include('0 members have told')
    for (let member = 1; member <= 20; member += 1) lost.watch.heard(member, [{ kind: 'at', height: 1 }])
    expect(why()).to.include('20 members have told')
    lost.watch.heard(21, [{ kind: 'at', height: 1 }])
    expect(why()).to.include('up to height 2')
    expect(whySilent({ ...lost.watch.health(), state: 'proved' })).to.equal(null)
    lost.watch.convicted('E1')
    expect(why()).to.include('convicted')
    expect(whySilent(watched().watch.health())).to.equal(null)
  })

  describe('and another process signs', () => {
    const QUORUM = 21
    /** Bob shows an object of this node’s that its store does not have. */
    const shown = (height: number): Part => ({
      kind: 'object',
      signed: { ...signedOf(confirmOf(height, 0)), member: 0 },
    })
    const answers = (watch: SigningWatch, height = 1): void => {
      for (let member = 1; member <= QUORUM; member += 1) watch.heard(member, [{ kind: 'at', height }])
    }

    it('C4: an object higher than a lost one can be is another process’s: E_KEY_ELSEWHERE, and nothing is signed', () => {
      const { watch, doubles, logged } = watched('lost')
      answers(watch)
      expect(watch.fence, 'two above what is decided').to.equal(2)
      watch.heard(1, [shown(2)])
      expect([watch.fence, doubles], 'it may be a lost one: it waits a little longer').to.deep.equal([4, []])
      watch.heard(1, [shown(3)])
      expect(doubles).to.deep.equal(['E_KEY_ELSEWHERE'])
      expect(watch.fence).to.equal(SIGN_NOTHING)
      expect(logged).to.include('signing.unknown')
    })

    it('C4: an object that a store without a loss lacks: it counts as lost, and all are asked again', () => {
      const { watch, doubles, store, ticks } = watched()
      answers(watch)
      expect(watch.fence).to.equal(0)
      watch.heard(1, [shown(5)])
      expect([watch.fence, doubles]).to.deep.equal([SIGN_NOTHING, []])
      expect(store.memory(CLUSTER_ID)).to.deep.equal({ kind: 'lost' })
      expect(ticks(1).map(([, { length }]) => length)).to.deep.equal([N - 1])
    })

    it('a CLOSE, and what the store has, are no surprise', () => {
      const { watch, doubles, logged, store } = watched('lost')
      answers(watch)
      const own = shown(9)
      store.find = () => ('signed' in own ? own.signed : null)
      watch.heard(1, [own])
      expect([watch.fence, doubles, logged.includes('signing.unknown')]).to.deep.equal([2, [], false])
    })
  })

  it('the operator may take the risk: it signs from then on, which is kept, said, and undone by what others show', () => {
    const { watch, store, logged } = watched('lost')
    expect(watch.fence).to.equal(SIGN_NOTHING)
    watch.trust()
    expect(watch.fence).to.equal(0)
    expect(watch.health()).to.deep.include({ state: 'proved', memory: 'whole' })
    expect(store.memory(CLUSTER_ID)).to.deep.equal({ kind: 'marked', mark: 0 })
    expect(logged).to.include('signing.trusted')
    watch.heard(1, [{ kind: 'object', signed: { ...signedOf(confirmOf(1, 0)), member: 0 } }])
    expect(watch.fence).to.equal(SIGN_NOTHING)
  })

  it('is looked up once for each height: what others hold of it is not kept for ever', () => {
    const { watch, store } = watched()
    const signed = { ...signedOf(confirmOf(1, 0)), member: 0 }
    let finds = 0
    store.find = () => {
      finds += 1
      return signed
    }
    const hear = (): void => watch.heard(1, [{ kind: 'object', signed }])
    hear()
    hear()
    expect(finds).to.equal(1)
    watch.decided()
    hear()
    expect(finds).to.equal(2)
  })
})
