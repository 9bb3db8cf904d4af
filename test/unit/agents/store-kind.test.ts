import { rmSync } from 'node:fs'
import { expect } from 'chai'
import { SqliteRecordJournal } from '../../../src/adapters/sqlite/record-journal.ts'
import { StrongCore } from '../../../src/agents/kinds/strong-core.ts'
import { LOG_ENTRIES_MAX } from '../../../src/services/store/log.ts'
import { encodeMessage } from '../../../src/services/store/wire.ts'
import type { Address } from '../../../src/types/ids.ts'
import { KEY_BYTES_MAX, VALUE_BYTES_MAX } from '../../../src/services/store/types.ts'
import type { StoreAnswer, StoreAsk, StoreChange } from '../../../src/types/store-request.ts'
import { bytes, get, put, StoreCopies } from '../../helpers/store/copies.ts'

type Answered = Extract<StoreAnswer, { code: 'ok' }>

function okay(answer: StoreAnswer): Answered {
  if (answer.code !== 'ok') throw new Error(`${answer.refusal}: ${answer.why}`)
  return answer
}

describe('store on nodes', () => {
  let worlds: StoreCopies[] = []
  const world = async (consistency: 'strong' | 'causal' | 'eventual', count = 3): Promise<StoreCopies> => {
    const one = new StoreCopies(consistency, count)
    worlds.push(one)
    return one.startAll()
  }
  afterEach(() => {
    for (const one of worlds) one.close()
    worlds = []
  })

  /** Where a copy stands after what is on its disk, and no more. */
  const onDisk = (store: StoreCopies, seat: number): ReturnType<StrongCore['report']> => {
    const records = new SqliteRecordJournal(`${store.folder}/${seat}`, 'strong')
    try {
      return new StrongCore(store.keys[seat] ?? '0x', records.read(), {
        unixMs: () => 0,
        nowMs: () => 0,
      }).report()
    } finally {
      records.close()
    }
  }

  it('refuses what cannot be meant, and says why', async () => {
    const strong = await world('strong')
    const open = await world('eventual')
    const why = async (store: StoreCopies, ask: StoreAsk): Promise<string> => {
      const answer = await store.answer(0, ask)
      return answer.code === 'refused' ? `${answer.refusal}: ${answer.why}` : answer.code
    }
    const long = 'k'.repeat(KEY_BYTES_MAX + 1)
    const clock = Uint8Array.of(1)
    for (const store of [strong, open]) {
      expect(await why(store, get(''))).equal('bad-request: key')
      expect(await why(store, put(long, 'x'))).equal('bad-request: key')
      const value = new Uint8Array(VALUE_BYTES_MAX + 1)
      expect(await why(store, put('a', '', { value }))).equal('bad-request: value')
    }
    expect(await why(strong, put('a', 'x', { version: -1 }))).equal('bad-request: bytes')
    expect(await why(strong, put('a', 'x', { id: { session: 1, seq: 0 } }))).equal('bad-request: number')
    expect(await why(strong, { kind: 'get', key: 'a', after: clock })).match(/^wrong-terms/)
    expect(await why(open, { kind: 'session' })).match(/^wrong-terms/)
    expect(await why(open, put('a', 'x', { version: 0 }))).match(/^wrong-terms/)
    expect(await why(open, put('a', 'x', { context: clock }))).equal('bad-request: context')
  })

  it('refuses before the group has begun, and when it stops', async () => {
    const store = new StoreCopies('strong', 3)
    worlds.push(store)
    store.height()
    await store.start(0)
    expect(await store.answer(0, get('a'))).include({ refusal: 'not-begun' })
    const ready = await world('strong')
    const stopped = ready.copies[0]?.drain(true)
    expect(await ready.answer(0, get('a'))).include({ refusal: 'no-quorum' })
    await stopped
  })

  it('hears nobody who has no copy', async () => {
    const store = await world('strong')
    const { token } = store.groups.row
    // it ends the term of whoever takes it
    const ends = encodeMessage({ kind: 'refused', token: 2n ** 100n })
    const seen = async (from: Address): Promise<bigint | undefined> => {
      store.copies[0]?.receive(from, ends)
      await store.pass(100, { isStill: true })
      return store.copies[0]?.report()?.token
    }
    expect(await seen(`0x${'ee'.repeat(20)}`)).equal(token)
    expect(await seen(store.keys[1] ?? '0x')).equal(2n ** 100n)
  })

  it('answers a write when a majority has it on disk; not before; and once for all its retries', async () => {
    const store = await world('strong')
    const { version: session } = okay(await store.answer(0, { kind: 'session' }))
    store.isCut = (a, b) => a === 2 || b === 2
    const first = await store.answer(0, put('a', 'x'))
    expect(first).include({ code: 'ok', consistency: 'strong', outcome: 'done' })
    const { index } = okay(first)
    const has = (): number[] => [0, 1, 2].filter((seat) => onDisk(store, seat).index >= index)
    expect(has()).deep.equal([0, 1])
    store.isCut = (a, b) => a !== b
    const late = await store.answer(0, put('a', 'y', { id: { session, seq: 1 } }))
    expect(late).include({ refusal: 'unknown-outcome' })
    store.isCut = () => false
    await store.pass(1000)
    const again = await store.answer(0, put('a', 'y', { id: { session, seq: 1 } }))
    const read = okay(await store.answer(0, get('a')))
    expect(read.values).deep.equal([bytes('y')])
    expect(again).include({ outcome: 'done', version: read.version })
  })

  it('names the primary to who asks another copy, and refuses once its lease is over', async () => {
    const store = await world('strong')
    expect(await store.answer(1, get('a'))).deep.include({ refusal: 'not-primary', primary: store.keys[0] })
    await store.pass(3000, { isStill: true })
    const answer = await store.answer(0, get('a'), { isStill: true })
    expect(answer).include({ refusal: 'no-quorum', why: 'lease-over' })
  })

  for (const setBack of ['before', 'after'])
    it(`answers no read after its lease, its wall clock set back an hour ${setBack} the last height`, async () => {
      const store = await world('strong')
      const back = (): void => void store.offsetsMs.set(0, -3_600_000)
      if (setBack === 'before') back()
      await store.pass(2000)
      if (setBack === 'after') back()
      expect(await store.answer(0, get('a'), { isStill: true })).include({ code: 'ok' })
      await store.pass(3000, { isStill: true })
      const answer = await store.answer(0, get('a'), { isStill: true })
      expect(answer).include({ refusal: 'no-quorum', why: 'lease-over' })
    })

  it('killed -9, all of it: what was acknowledged is there, and tokens only rise', async () => {
    const store = await world('strong')
    await store.answer(0, put('a', 'x'))
    const { token } = store.groups.row
    for (const seat of [0, 1, 2]) store.kill(seat)
    await store.pass(5000)
    for (const seat of [1, 2]) await store.start(seat)
    await store.pass(5000)
    const { primary, token: later } = store.groups.row
    expect(primary).not.equal(0)
    expect(later > token).equal(true)
    const read = okay(await store.answer(primary, get('a')))
    expect(read.values).deep.equal([bytes('x')])
    expect(onDisk(store, primary).token).equal(later)
  })

  it('a disk that fails: nothing leaves, and the copy has crashed; the others go on', async () => {
    const store = await world('strong')
    const [copy] = store.copies
    store.kill(0)
    await copy?.stop()
    store.journal = (_, folder, name) => {
      const records = new SqliteRecordJournal(folder, name)
      return {
        read: () => records.read(),
        append: () => {
          throw new Error('no space left')
        },
        replace: () => {
          throw new Error('no space left')
        },
        close: () => records.close(),
      }
    }
    await store.start(0)
    const frames = store.frames
    // the next token has to be on disk
    await store.pass(6000)
    expect(store.crashes.map(String)).deep.equal(['Error: no space left'])
    expect(store.groups.row.primary).not.equal(0)
    expect(store.frames).above(frames)
    expect(await store.answer(store.groups.row.primary, put('a', 'x'))).include({ outcome: 'done' })
  })

  it('keeps its file short, and goes on from it', async () => {
    const store = await world('strong', 1)
    for (let round = 0; round < 3; round += 1) {
      const asked = Array.from({ length: LOG_ENTRIES_MAX / 4 }, (_, i) =>
        store.ask(0, put(`k${i}`, `${round}`)),
      )
      await store.pass(500)
      await Promise.all(asked)
      const more = Array.from({ length: LOG_ENTRIES_MAX / 4 }, (_, i) =>
        store.ask(0, put(`k${i}`, `${round}+`)),
      )
      await store.pass(500)
      await Promise.all(more)
    }
    const records = new SqliteRecordJournal(`${store.folder}/0`, 'strong')
    expect(records.read().length).most(LOG_ENTRIES_MAX)
    records.close()
    const { index } = store.copies[0]?.report() ?? {}
    expect(index).above(LOG_ENTRIES_MAX)
    expect(onDisk(store, 0)).include({ index })
    store.kill(0)
    await store.pass(5000)
    await store.start(0)
    await store.pass(5000)
    const read = okay(await store.answer(0, get('k7')))
    expect(read.values).deep.equal([bytes('2+')])
  })

  for (const consistency of ['causal', 'eventual'] as const)
    it(`${consistency}: both sides of a cut go on, and become equal when it heals, over a restart and with values longer than a frame`, async () => {
      const store = await world(consistency)
      store.isCut = (a, b) => (a === 2) !== (b === 2)
      const long = 'v'.repeat(VALUE_BYTES_MAX)
      for (const key of ['b', 'c', 'd']) await store.answer(2, put(key, long))
      const left = await store.answer(0, put('a', 'left'), { isStill: true })
      expect(left).include({ code: 'ok', consistency })
      expect(await store.answer(2, put('a', 'right'), { isStill: true })).include({ code: 'ok' })
      store.kill(2)
      store.isCut = () => false
      await store.start(2)
      await store.pass(6000)
      for (const seat of [0, 1, 2]) {
        const read = okay(await store.answer(seat, get('a')))
        expect(read.values.map((value) => new TextDecoder().decode(value)).sort()).deep.equal([
          'left',
          'right',
        ])
        const other = okay(await store.answer(seat, get('d')))
        expect(other.values[0]?.length).equal(VALUE_BYTES_MAX)
        // who has read both replaces both
        if (seat === 2) await store.answer(2, put('a', 'merged', { context: read.context }))
      }
      await store.pass(3000)
      const merged = okay(await store.answer(0, get('a')))
      expect(merged.values).deep.equal([bytes('merged')])
    })

  it('eventual: counts as running once another copy has what it has, and leaves only then', async () => {
    const store = await world('eventual')
    expect(store.copies.map((copy) => copy?.isReady())).deep.equal([true, true, true])
    store.isCut = (a, b) => a === 2 || b === 2
    await store.answer(2, put('a', 'x'))
    let isDrained = false
    const drained = store.copies[2]?.drain(true).then(() => (isDrained = true))
    await store.pass(3000)
    expect(isDrained).equal(false)
    store.isCut = () => false
    await store.pass(3000)
    expect(isDrained).equal(true)
    await drained
    expect(await store.answer(0, get('a'))).deep.include({ values: [bytes('x')] })
  })

  it('eventual: a new copy counts as running although clients go on writing', async () => {
    const store = await world('eventual')
    const old = Array.from({ length: 64 }, (_, i) => store.ask(0, put(`old ${i}`, 'x')))
    await store.pass(500, { isStill: true })
    await Promise.all(old)
    await store.copies[2]?.stop()
    store.kill(2)
    rmSync(`${store.folder}/2`, { recursive: true })
    await store.start(2)
    store.copies[2]?.assigned(store.assignment(2))
    expect(store.copies[2]?.isReady(), 'it has nothing').equal(false)
    let writes = 0
    while (store.copies[2]?.isReady() !== true) {
      writes += 1
      expect(writes).below(500)
      void store.ask(0, put(`new ${writes}`, 'x'))
      await store.pass(20, { isStill: true })
      void store.ask(1, put(`also ${writes}`, 'x'))
    }
    const has = await store.answer(2, get('old 63'), { isStill: true })
    expect(has).deep.include({ values: [bytes('x')] })
  })

  it('strong: a watch at any copy gets each change once, in order, from where it left', async () => {
    const store = await world('strong')
    await store.answer(0, put('a', 'x'))
    await store.answer(0, put('b', 'y'))
    await store.pass(1000)
    const seen: string[] = []
    const changed = (changes: readonly StoreChange[]): void =>
      void seen.push(...changes.map(({ key, index }) => `${index} ${key}`))
    const ended = (): void => void seen.push('0 ended')
    const from = store.copies[1]?.watch?.(0, { changed, ended })
    const [none] = [store.copies[1]?.watch?.(null, { changed: () => expect.fail(), ended: () => undefined })]
    none?.()
    expect(from).not.equal(null)
    await store.answer(0, { ...put('a', ''), kind: 'delete' } as StoreAsk)
    await store.pass(1000)
    expect(seen.map((one) => one.split(' ')[1])).deep.equal(['a', 'b', 'a'])
    await store.copies[1]?.stop()
    expect(seen.at(-1)).equal('0 ended')
    expect(store.copies[1]?.watch?.(null, { changed, ended })).equal(null)
    from?.()
    expect((await world('eventual')).copies[0]?.watch?.(0, { changed, ended })).equal(null)
  })
})
