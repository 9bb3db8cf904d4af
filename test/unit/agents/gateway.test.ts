import { setImmediate } from 'node:timers/promises'
import { expect } from 'chai'
import { createKeyring, recoverSigner } from '../../../src/adapters/keys/keyring.ts'
import { VirtualClock } from '../../../src/adapters/memory/clock.ts'
import { NodeGateway } from '../../../src/agents/gateway.ts'
import { callDigest } from '../../../src/codec/gateway-call.ts'
import type { SignedCall } from '../../../src/codec/gateway-call.ts'
import type { GatewayCall } from '../../../src/ports/gateway.ts'
import type { Permit } from '../../../src/services/gateway/permits.ts'
import { refusedAs } from '../../../src/types/store-request.ts'
import type { StoreAnswer, StoreAsk, StoreRefusal } from '../../../src/types/store-request.ts'

const client = createKeyring(new Uint8Array(32).fill(7))
const DEPLOYMENT = `0x${'d1'.repeat(32)}` as const
const GATEWAY = `0x${'a1'.repeat(20)}` as const
const START_MS = 1_764_590_400_000
const LINE = 'GET /v1/tasks/7/stores/2/keys/limits'
const GET: StoreAsk = { kind: 'get', key: 'limits', after: null }
const write = (id: { session: number; seq: number } | null): StoreAsk => ({
  ...{ kind: 'put', key: 'limits', value: Uint8Array.of(1), version: null, context: null, after: null },
  id,
})
const DONE: StoreAnswer = {
  ...{ code: 'ok', consistency: 'strong', height: 1, index: 1, outcome: 'done', version: 1, values: [] },
  ...{ context: null, clock: null },
}

/** A gateway, a client who may read and write twice a second, and a store that answers as it is told. */
class World {
  readonly clock = new VirtualClock()
  permit: Permit | null = { service: 2, key: client.address, verbs: ['get', 'put'], perSecond: 2 }
  isPlaced = true
  setBackMs = 0
  /** The store does not answer. */
  isStuck = false
  /** What the store says next; then `DONE`. */
  answers: StoreAnswer[] = []
  readonly asked: StoreAsk[] = []
  readonly gateway = this.life()
  #ids = 0

  life(): NodeGateway {
    return new NodeGateway({
      ...{ key: GATEWAY, deploymentId: DEPLOYMENT, clock: this.clock, recover: recoverSigner },
      unixMs: () => START_MS + this.clock.nowMs() - this.setBackMs,
      permitOf: (task, service, key) =>
        task === 7n && service === 2 && key === this.permit?.key ? this.permit : null,
      isPlaced: () => this.isPlaced,
      stores: {
        ask: (_task, _service, ask) => {
          this.asked.push(ask)
          if (this.isStuck) return new Promise(() => undefined)
          return Promise.resolve(this.answers.shift() ?? DONE)
        },
      },
    })
  }

  call(changes: Partial<SignedCall> = {}, also: Partial<GatewayCall> = {}): GatewayCall {
    this.#ids += 1
    const signed: SignedCall = {
      ...{
        deploymentId: DEPLOYMENT,
        gateway: GATEWAY,
        atMs: START_MS + this.clock.nowMs(),
        patienceMs: 5_000,
      },
      ...{ priority: 5, id: `0x${String(this.#ids).padStart(32, '0')}`, line: LINE, body: '0x' },
      ...changes,
    }
    const { atMs, patienceMs, priority, id, line, body } = signed
    const headers = { atMs, patienceMs, priority, id, signature: client.sign(callDigest(signed)) }
    return { from: '192.0.2.1', headers, line, body, task: 7n, service: 2, verb: 'get', ...also }
  }

  /** Why a call is not let in; null: it is. */
  denial(call: GatewayCall, gateway = this.gateway): string | null {
    const admitted = gateway.admit(call)
    return 'denied' in admitted ? admitted.denied : null
  }

  async ask(ask: StoreAsk, call = this.call()): Promise<() => StoreAnswer | null> {
    const admitted = this.gateway.admit(call)
    if ('denied' in admitted) throw new Error(admitted.denied)
    let answer: StoreAnswer | null = null
    void admitted.ask(7n, 2, ask).then((given) => (answer = given))
    await setImmediate()
    return () => answer
  }

  async pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 50) {
      this.clock.advance(50)
      await setImmediate()
    }
  }
}

const refused = (refusal: StoreRefusal): StoreAnswer => refusedAs(refusal, '')
const named = (answer: StoreAnswer | null): string | null =>
  answer === null ? null : answer.code === 'ok' ? 'ok' : answer.refusal

describe('a gateway lets in', () => {
  let world: World
  beforeEach(() => void (world = new World()))

  it('nobody whose signature is of something else', () => {
    const call = world.call()
    const others: readonly Partial<GatewayCall>[] = [
      { line: LINE.replace('limits', 'others') },
      { line: LINE.replace('GET', 'PUT'), verb: 'put' },
      { body: '0x00' },
      { headers: { ...call.headers, priority: 10 } },
      { headers: { ...call.headers, id: `0x${'ff'.repeat(16)}` } },
      { headers: { ...call.headers, signature: `0x${'00'.repeat(65)}` } },
    ]
    for (const other of others) expect(world.denial({ ...call, ...other })).equal('forbidden')
    expect(world.denial(world.call({ deploymentId: `0x${'d2'.repeat(32)}` }))).equal('forbidden')
    expect(world.denial(world.call({ gateway: `0x${'a2'.repeat(20)}` })), 'signed for another one').equal(
      'forbidden',
    )
    expect(world.denial(call)).equal(null)
  })

  it('nobody to whom the ledger permits it not, or not any more', () => {
    expect(world.denial(world.call({}, { verb: 'delete' }))).equal('forbidden')
    expect(world.denial(world.call({}, { service: 3 }))).equal('forbidden')
    expect(world.denial(world.call({}, { task: 8n }))).equal('forbidden')
    expect(world.denial(world.call({}, { verb: 'session' })), 'who may put needs one').equal(null)
    world.permit = { ...world.permit!, verbs: ['get'] }
    expect(world.denial(world.call({}, { verb: 'session' }))).equal('forbidden')
    world.permit = null
    expect(world.denial(world.call())).equal('forbidden')
  })

  it('nothing that was signed long ago, or by a clock that is far ahead, or for an earlier life', () => {
    expect(world.denial(world.call({ atMs: START_MS - 1 }))).equal('clock')
    world.clock.advance(60_000)
    const nowMs = START_MS + 60_000
    expect(world.denial(world.call({ atMs: nowMs - 30_001 }))).equal('clock')
    expect(world.denial(world.call({ atMs: nowMs + 30_001 }))).equal('clock')
    expect(world.denial(world.call({ atMs: nowMs - 30_000 }))).equal(null)
    const before = world.call()
    world.clock.advance(1)
    expect(world.denial(before, world.life())).equal('clock')
  })

  it('nothing while no gateway of the service is placed here', () => {
    world.isPlaced = false
    expect(world.denial(world.call())).equal('no-gateway')
  })

  it('as much as is permitted, of each client; and no crowd of one address', () => {
    expect([1, 2, 3].map(() => world.denial(world.call()))).deep.equal([null, null, 'rate'])
    world.clock.advance(500)
    expect(world.denial(world.call())).equal(null)
    const forged = world.call({}, { line: 'GET /' })
    const denials = Array.from({ length: 1_000 }, () => world.denial(forged))
    expect(denials.filter((denial) => denial === 'forbidden')).length.below(400)
    expect(denials.at(-1)).equal('crowd')
    expect(world.denial({ ...forged, from: '192.0.2.2' })).equal('forbidden')
  })
})

describe('a call that was let in', () => {
  let world: World
  beforeEach(() => void (world = new World()))

  it('is asked again while nobody leads, and answered by who leads then', async () => {
    world.answers = [refused('not-primary'), refused('no-quorum'), refused('no-copy'), refused('behind')]
    const answer = await world.ask(write(null))
    expect(answer()).equal(null)
    await world.pass(300)
    expect(named(answer())).equal('ok')
    expect(world.asked).length(5)
  })

  it('is told why when its patience is over', async () => {
    world.answers = Array.from({ length: 1_000 }, () => refused('no-quorum'))
    const answer = await world.ask(GET)
    await world.pass(4_900)
    expect(answer()).equal(null)
    await world.pass(150)
    expect(named(answer())).equal('no-quorum')
    expect(world.clock.nextMs(), 'nothing ticks for nobody').equal(null)
  })

  it('is asked again only where twice does no harm, when nobody knows whether it was done', async () => {
    world.answers = [refused('unknown-outcome')]
    const unnamed = await world.ask(write(null))
    await world.pass(200)
    expect([named(unnamed()), world.asked.length]).deep.equal(['unknown-outcome', 1])
    world.answers = [refused('unknown-outcome')]
    const ofSession = await world.ask(write({ session: 1, seq: 1 }))
    await world.pass(200)
    expect([named(ofSession()), world.asked.length]).deep.equal(['ok', 3])
  })

  it('may have been done, whatever is said later: never “nothing was done”', async () => {
    world.answers = [refused('unknown-outcome'), ...Array.from({ length: 1_000 }, () => refused('no-quorum'))]
    const answer = await world.ask(write({ session: 1, seq: 1 }))
    await world.pass(5_050)
    expect(named(answer())).equal('unknown-outcome')
  })

  it('is not sent a second time while the first is under way, however long the process stood still', async () => {
    world.isStuck = true
    const answer = await world.ask(write(null), world.call({ patienceMs: 30_000 }))
    world.clock.advance(29_000)
    await setImmediate()
    expect([world.asked.length, answer()]).deep.equal([1, null])
    world.clock.advance(2_000)
    await setImmediate()
    expect([world.asked.length, named(answer())]).deep.equal([1, 'unknown-outcome'])
  })

  it('is not asked again where the store has said no', async () => {
    for (const no of ['full', 'wrong-terms', 'bad-request', 'no-store'] as const) {
      world = new World()
      world.answers = [refused(no)]
      const answer = await world.ask(write(null))
      await world.pass(200)
      expect([named(answer()), world.asked.length]).deep.equal([no, 1])
    }
  })

  it('made twice is done once, and has one answer; a read is read again', async () => {
    world.permit = { ...world.permit!, perSecond: 100 }
    const call = world.call()
    const answers = await Promise.all([1, 2, 3].map(() => world.ask(write(null), call)))
    await world.pass(50)
    expect(answers.map((answer) => named(answer()))).deep.equal(['ok', 'ok', 'ok'])
    expect(world.asked).length(1)
    await world.ask(GET)
    await world.ask(GET)
    expect(world.asked).length(3)
  })

  it('is remembered for as long as its signature is taken, also where a clock is set back', async () => {
    const ahead = world.call({ atMs: START_MS + 30_000 })
    expect(named((await world.ask(write(null), ahead))())).equal('ok')
    await world.pass(60_000)
    await world.ask(write(null)) // makes room: what is too old is forgotten
    expect(named((await world.ask(write(null), ahead))())).equal('ok')
    expect(world.asked).length(2)
    await world.pass(5_000)
    await world.ask(write(null))
    world.setBackMs = 5_000
    expect(world.denial(ahead)).equal('clock')
  })

  it('when the node ends: nobody knows', async () => {
    world.answers = Array.from({ length: 9 }, () => refused('no-quorum'))
    const answer = await world.ask(write(null))
    world.gateway.stop()
    await setImmediate()
    expect(named(answer())).equal('unknown-outcome')
    expect(world.clock.nextMs()).equal(null)
  })
})
