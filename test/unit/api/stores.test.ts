import { expect } from 'chai'
import { SqliteRecordJournal } from '../../../src/adapters/sqlite/record-journal.ts'
import { ApiError } from '../../../src/api/call.ts'
import { RsdpClient } from '../../../src/api/client.ts'
import type { StoreClient } from '../../../src/api/store-client.ts'
import { fromHex, utf8Hex } from '../../../src/codec/hex.ts'
import type { Consistency } from '../../../src/types/store-request.ts'
import { GATE, SERVICE, StoreApi, TASK, TOKEN } from '../../helpers/store/api.ts'
import type { StoreCopies } from '../../helpers/store/copies.ts'

describe('stores over the API', () => {
  let api: StoreApi
  let copies: StoreCopies
  const world = async (consistency: Consistency): Promise<void> => {
    api = await StoreApi.open(consistency)
    copies = api.copies
  }
  afterEach(() => api.close())

  const at = (...asked: Parameters<StoreApi['at']>): StoreClient => api.at(...asked)
  const refusal = async (asked: Promise<unknown>): Promise<string> => {
    const error: unknown = await asked.then(
      () => null,
      (thrown: unknown) => thrown,
    )
    if (!(error instanceof ApiError)) throw new Error(`no refusal: ${String(error)}`)
    return `${error.status} ${error.error}`
  }
  const hex = utf8Hex
  const textIn = (values: readonly string[]): string[] =>
    values.map((value) => new TextDecoder().decode(fromHex(value as `0x${string}`))).sort()

  it('refuses what cannot be meant, other stores, and who does not have the token', async () => {
    await world('strong')
    const store = at(0)
    expect(await refusal(at(0, TASK, SERVICE, 'b'.repeat(64)).get('a'))).equal('401 token')
    expect(await refusal(store.get('k'.repeat(257)))).equal('400 key')
    expect(await refusal(store.put('a', `0x${'00'.repeat(32_769)}`))).equal('413 value')
    expect(await refusal(store.put('a', `0x${'00'.repeat(40_000)}`))).equal('400 body')
    expect(await refusal(store.put('a', 'x'))).equal('400 body')
    expect(await refusal(store.put('a', '0x', { version: -1 }))).equal('400 body')
    expect(await refusal(store.delete('a', { version: 1.5 }))).equal('400 query')
    expect(await refusal(store.put('a', '0x', { seq: 1 }))).equal('400 number')
    expect(await refusal(store.put('a', '0x', { session: 1, seq: 0 }))).equal('400 number')
    expect(await refusal(store.put('a', '0x', { session: 99, seq: 1 }))).equal('409 session-over')
    expect(await refusal(store.put('a', '0x', { context: '0x80' }))).equal('400 wrong-terms')
    expect(await refusal(at(0, 8n).get('a'))).equal('404 no-store')
    expect(await refusal(at(0, TASK, 9).get('a'))).equal('404 no-store')
    expect(await refusal(at(0, TASK, 999_999).get('a'))).equal('404 path')
    const url = `http://127.0.0.1:${api.port(0)}/v1/tasks/7/stores/1/keys`
    const headers = { authorization: `Bearer ${TOKEN}` }
    for (const path of ['/%ff', '/%', '/a/b', '/']) {
      const { status } = await fetch(url + path, { headers })
      expect(status, path).oneOf([400, 404])
    }
  })

  it('removes what a copy left on the disk, and nothing that is in use or not known', async () => {
    await world('strong')
    const data = new SqliteRecordJournal(api.folders.of(TASK, 3), 'strong')
    data.append([Uint8Array.of(1)])
    data.close()
    const left = at(0, TASK, 3)
    const client = new RsdpClient({ port: api.port(0), token: TOKEN })
    expect(await refusal(at(0, TASK, 3, 'b'.repeat(64)).purge(true))).equal('401 token')
    expect(await refusal(left.purge(true))).equal('409 placed')
    api.useOf = () => 'unknown'
    expect(await refusal(left.purge(false))).equal('409 unknown')
    api.useOf = (line, service) => (line === TASK && service === 3 ? 'left' : 'unknown')
    expect(await refusal(at(0, TASK, 4).purge(true))).equal('404 nothing')
    const { copies: kept } = await client.storesKept()
    expect(kept).deep.equal([{ line: '7', service: 3, bytes: kept[0]?.bytes, use: 'left' }])
    expect(await left.purge(false)).deep.equal({ bytes: kept[0]?.bytes })
    expect((await client.storesKept()).copies).deep.equal([])
  })

  it('strong: get, put, compare-and-set, delete; each says its consistency, height and index', async () => {
    await world('strong')
    const store = at(0)
    expect((await store.get('a/b ö')).values).deep.equal([])
    const first = await store.put('a/b ö', hex('x'), { version: 0 })
    expect(first).include({ consistency: 'strong', outcome: 'done', version: first.index })
    expect(first.height).above(0)
    expect(await refusal(store.put('a/b ö', hex('y'), { version: 0 }))).equal('409 conflict')
    const read = await store.get('a/b ö')
    expect(read).deep.include({
      values: [hex('x')],
      version: first.version,
      consistency: 'strong',
      context: null,
    })
    expect(read.index).at.least(first.index)
    expect(await refusal(store.delete('a/b ö', { version: 1 }))).equal('409 conflict')
    expect(await store.delete('a/b ö', { version: first.version })).include({ outcome: 'done' })
    expect(await store.delete('a/b ö')).include({ outcome: 'missing' })
    const largest = `0x${'ab'.repeat(32_768)}`
    await store.put('large', largest)
    expect((await store.get('large')).values).deep.equal([largest])
  })

  it('strong: a write of a session is applied once', async () => {
    await world('strong')
    const store = at(0)
    const session = await store.session()
    const one = await store.put('a', hex('x'), { session, seq: 1 })
    await store.put('a', hex('y'), { session, seq: 2 })
    expect(await refusal(store.put('a', hex('x'), { session, seq: 1 }))).equal('409 session-over')
    expect((await store.put('a', hex('z'), { session, seq: 2 })).version).above(one.version)
    expect(textIn((await store.get('a')).values)).deep.equal(['y'])
  })

  it('strong: any node asks the primary; who cannot reach it names it; over the lease all refuse', async () => {
    await world('strong')
    await at(1).put('a', hex('x'))
    expect(textIn((await at(GATE).get('a')).values)).deep.equal(['x'])
    copies.isCut = (a, b) => a !== b && (a === GATE || b === GATE || a === 1 || b === 1)
    for (const seat of [1, GATE]) {
      const error: unknown = await at(seat)
        .get('a')
        .catch((thrown: unknown) => thrown)
      expect(error).deep.include({ status: 503, error: 'not-primary', details: { primary: copies.keys[0] } })
    }
    copies.isStill = true
    await copies.pass(4000)
    expect(await refusal(at(0).get('a'))).equal('503 no-quorum')
    expect(await refusal(at(0).put('a', hex('y')))).equal('503 no-quorum')
  })

  it('strong: a watch goes on behind the last event that its reader has; who has no copy cannot be watched', async () => {
    await world('strong')
    expect(await refusal(at(GATE).changes(0).next())).equal('503 no-copy')
    await at(0).put('a', hex('1'))
    const second = await at(0).put('b', hex('2'))
    const seen: string[] = []
    for await (const { index, key, value } of at(0).changes(0)) {
      seen.push(`${key} ${String(value)}`)
      if (index === second.index) break
    }
    const later = at(0).changes(second.index, 'a')
    const next = later.next()
    await at(0).put('b', hex('3'))
    await at(0).delete('a')
    expect((await next).value).include({ key: 'a', value: null })
    await later.return(undefined)
    expect(seen).deep.equal([`a ${hex('1')}`, `b ${hex('2')}`])
  })

  for (const consistency of ['causal', 'eventual'] as const)
    it(`${consistency}: values side by side, merged by who has read them; any node answers`, async () => {
      await world(consistency)
      copies.isCut = (a, b) => (a === 2) !== (b === 2)
      const left = await at(0).put('a', hex('left'))
      const right = await at(2).put('a', hex('right'))
      expect([left.consistency, right.consistency]).deep.equal([consistency, consistency])
      const { clock } = right
      if (clock === null) throw new Error('no clock')
      if (consistency === 'causal') expect(await refusal(at(0).get('a', clock))).equal('409 behind')
      copies.isCut = () => false
      await copies.pass(3000)
      const both = await at(GATE).get('a', clock)
      expect(textIn(both.values)).deep.equal(['left', 'right'])
      const context = both.context ?? '0x'
      await at(GATE).put('a', hex('merged'), { context })
      await copies.pass(1000)
      expect(textIn((await at(1).get('a')).values)).deep.equal(['merged'])
      const { context: last } = await at(1).get('a')
      await at(1).delete('a', { context: last ?? '0x' })
      expect((await at(1).get('a')).values).deep.equal([])
      expect(await refusal(at(0).changes(0).next())).equal('400 wrong-terms')
      expect(await refusal(at(0).session())).equal('400 wrong-terms')
    })
})
