import { expect } from 'chai'
import { MemoryDisk } from '../../../src/adapters/memory/store.ts'
import { decodeFrame } from '../../../src/codec/frames.ts'
import { MemberLink } from '../../../src/node/member-link.ts'
import { SigningWatch } from '../../../src/node/signing-watch.ts'
import type { Store } from '../../../src/ports/store.ts'
import type { Transport } from '../../../src/ports/transport.ts'
import { SIGN_NOTHING } from '../../../src/protocol/standing.ts'
import type { MemberIndex } from '../../../src/types/ids.ts'
import { NIL } from '../../../src/types/ids.ts'
import { signed as signedOf, confirm as confirmOf } from '../../helpers/store-kit.ts'
import { EngineBench } from '../../helpers/engine-cluster-bench.ts'

const N = 31

/** The watch of member 0 of 31, and whom it asks. */
function watched(kind: 'whole' | 'lost' = 'whole'): {
  readonly watch: SigningWatch
  readonly ticks: (count: number) => [number, MemberIndex[]][]
  readonly store: Store
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
  const said = (): void => undefined
  const store = new MemoryDisk().open({ key: transport.key, deploymentId: NIL })
  const watch = new SigningWatch({
    ...{ taskId: 1n, cluster, self: 0, memory: { kind }, isFaulty: false },
    store,
    logger: { info: said, warn: said, error: said },
    link: new MemberLink(cluster, 0, transport),
    state: () => state,
    fence: () => undefined,
    onDouble: () => undefined,
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
  return { watch, ticks, store }
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
