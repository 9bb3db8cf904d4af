import { expect } from 'chai'
import { AbiCoder, ZeroHash, concat, id, keccak256, toBeHex } from 'ethers'
import { network } from 'hardhat'
import contracts from '../vectors/contracts.json' with { type: 'json' }
import objects from '../vectors/objects.json' with { type: 'json' }
import roots from '../vectors/roots.json' with { type: 'json' }
import type { DigestsHarness } from '../../types/ethers-contracts/index.js'

const connection = await network.create()
const { ethers } = connection
const { loadFixture } = connection.networkHelpers

const harness = () => ethers.deployContract('DigestsHarness')
const counters = () => ethers.deployContract('CountersHarness')
const address = (n: number): string => ethers.getAddress(toBeHex(n + 1, 20))

interface ObjectCase {
  type: string
  cluster: string
  object: Record<string, string | number>
}

/** What Solidity makes of one signed object. */
async function hashStructOf(h: DigestsHarness, { type, cluster, object }: ObjectCase): Promise<string> {
  const field = (name: string): string | number => {
    const value = object[name]
    if (value === undefined) throw new Error(`${type} has no ${name}`)
    return value
  }
  const text = (name: string): string => String(field(name))
  switch (type) {
    case 'hello': {
      const names = ['height', 'round', 'value', 'inputsRoot', 'inputs', 'validRound']
      return h.hello(Object.fromEntries([['cluster', cluster], ...names.map((n) => [n, field(n)])]) as never)
    }
    case 'status':
      return h.status(cluster, field('height'), text('parent'), text('stateHash'), field('eventSeq'))
    case 'share': {
      const votes = ['parent', 'stateHash', 'inputsRoot', 'inputs', 'eventSeq', 'eventsHash']
      const names = ['height', 'round', ...votes, 'validRound']
      return h.share(Object.fromEntries([['cluster', cluster], ...names.map((n) => [n, field(n)])]) as never)
    }
    case 'confirm':
      return h.confirm(cluster, field('height'), field('round'), text('value'))
    case 'checkpoint':
      return h.checkpoint(
        cluster,
        field('height'),
        text('root'),
        field('logSeq'),
        text('logHead'),
        text('inputsHash'),
      )
    case 'close':
      return h.close(cluster)
    default:
      throw new Error(`unknown object ${type}`)
  }
}

describe('Digests, as the vectors have them', () => {
  it('separators', async () => {
    const h = await loadFixture(harness)
    const { chainId, verifyingContract, salt } = objects.domain
    expect(await h.salted(chainId, verifyingContract, salt)).to.equal(objects.separator)
  })

  for (const [i, vector] of objects.cases.entries()) {
    it(`${vector.type}, case ${i}`, async () => {
      const h = await loadFixture(harness)
      expect(await hashStructOf(h, vector)).to.equal(vector.hashStruct)
      expect(await h.digest(objects.separator, vector.hashStruct)).to.equal(vector.digest)
    })
  }

  it('registrations', async () => {
    const h = await loadFixture(harness)
    for (const { chainId, registry, operator, key, digest } of roots.register) {
      const separator = await h.plain(chainId, registry)
      expect(await h.digest(separator, await h.register(operator, key))).to.equal(digest)
    }
  })

  it('snapshots and clusters', async () => {
    const h = await loadFixture(harness)
    for (const { members, encoded, hash } of roots.snapshot) {
      const keys = members.map((m) => m.key)
      const operators = members.map((m) => m.operator)
      const weights = members.map((m) => m.weight)
      const snapshot = await h.snapshot(keys, operators, weights)
      expect(snapshot).to.equal(encoded)
      expect(keccak256(snapshot)).to.equal(hash)
    }
    for (const { taskId, paramsHash, snapshotHash, seed, cluster } of roots.clusters) {
      expect(await h.clusterOf(taskId, paramsHash, snapshotHash, seed)).to.equal(cluster)
    }
  })

  it('terms of a sign-up', async () => {
    const h = await loadFixture(harness)
    for (const { chainId, board, taskId, client, paramsHash, twinCodeHash, termsHash } of roots.terms) {
      expect(await h.terms(chainId, board, taskId, client, paramsHash, twinCodeHash)).to.equal(termsHash)
    }
  })

  it('inputs roots, values and roots', async () => {
    const h = await loadFixture(harness)
    for (const { inputs, hashes, root } of roots.inputsRoot) {
      expect(await h.inputsRoot(inputs, hashes)).to.equal(root)
    }
    for (const { stateHash, inputsRoot, inputs, eventSeq, eventsHash, value } of roots.values) {
      expect(await h.value(stateHash, inputsRoot, inputs, eventSeq, eventsHash)).to.equal(value)
    }
    for (const { cluster, values, root } of roots.roots) {
      let folded = await h.rootZero(cluster)
      for (const value of values) folded = await h.nextRoot(folded, value)
      expect(folded).to.equal(root)
    }
  })

  it('rolling hashes of ledger events', async () => {
    const h = await loadFixture(harness)
    for (const { events, hashes } of roots.events) {
      let rolling: string = ZeroHash
      for (const [i, { kind, originator, data }] of events.entries()) {
        rolling = await h.nextEvents(rolling, kind, originator, keccak256(data))
        expect(rolling).to.equal(hashes[i])
      }
    }
  })

  it('logs', async () => {
    const h = await loadFixture(harness)
    for (const { cluster, epoch, entries, encoded, head } of roots.logs) {
      let folded = await h.headZero(cluster, epoch)
      for (const [i, { seq, numbers, height, round, value }] of entries.entries()) {
        const [from, event_, to] = numbers
        const entry = { seq, from: from!, event_: event_!, to: to!, height, round, value }
        expect(await h.encodeEntry(entry)).to.equal(encoded[i])
        folded = await h.nextHead(folded, entry)
      }
      expect(folded).to.equal(head)
    }
  })

  it('a batch, folded in one go, gives the root of its values one by one', async () => {
    const h = await loadFixture(harness)
    const heights = [0, 1, 65_535, 0, 2].map((delta, i) => ({
      delta,
      state: id(`s${i}`),
      inputs: id(`i${i}`),
      list: 0b1_0000_0001n + BigInt(i),
    }))
    for (const seq of [5, 6, 65_541, 65_543]) await h.noteEvents(seq, id(`e${seq}`))
    let root = await h.rootZero(id('cluster'))
    let eventSeq = 5n
    const batch = concat(
      heights.map((height, i) =>
        concat([
          toBeHex(i, 1),
          height.state,
          height.inputs,
          toBeHex(height.delta, 2),
          toBeHex(height.list, 2),
        ]),
      ),
    )
    const folded = await h.fold(batch, 9, { root, eventSeq })
    for (const { delta, state, inputs, list } of heights) {
      eventSeq += BigInt(delta)
      root = await h.nextRoot(root, await h.value(state, inputs, list, eventSeq, id(`e${eventSeq}`)))
    }
    expect(folded).to.deep.equal([5n, root, eventSeq])
  })

  it('a batch before the first event has no hash of events, and one with a stranger in a list is refused', async () => {
    const h = await loadFixture(harness)
    const height = (list: number) => concat(['0x00', id('s'), id('i'), '0x0000', toBeHex(list, 1)])
    const root = await h.rootZero(id('cluster'))
    const value = await h.value(id('s'), id('i'), 15, 0, ZeroHash)
    const folded = await h.fold(height(15), 4, { root, eventSeq: 0 })
    expect(folded).to.deep.equal([1n, await h.nextRoot(root, value), 0n])
    const stranger = h.fold(concat([height(31), height(15)]), 4, { root, eventSeq: 0 })
    await expect(stranger).to.be.revertedWithCustomError(h, 'StrangerInList').withArgs(4)
    const cut = h.fold(height(15), 9, { root, eventSeq: 0 })
    await expect(cut).to.be.revertedWithCustomError(h, 'BatchLength').withArgs(68, 69)
  })
})

describe('PhaseTransitions', () => {
  it('allows the seven moves and RESET, and nothing else', async () => {
    const h = await loadFixture(harness)
    const legal = new Set(contracts.transitions.map(({ from, event, to }) => `${from} ${event} ${to}`))
    for (let from = 0; from <= 5; from++) {
      for (let event = 0; event <= 9; event++) {
        for (let to = 0; to <= 5; to++) {
          const expected = legal.has(`${from} ${event} ${to}`)
          expect(await h.isLegal(from, event, to), `${from} ${event} ${to}`).to.equal(expected)
        }
      }
    }
    expect(await h.isLegal(2 + 16, 3, 1)).to.equal(false)
  })
})

describe('Certificate', () => {
  it('is a quorum above two thirds of the weight', async () => {
    const h = await loadFixture(harness)
    for (const { weight, total, quorum } of contracts.quorums) {
      expect(await h.isQuorum(weight, total), `${weight} of ${total}`).to.equal(quorum)
    }
  })

  it('counts weights, not heads', async () => {
    const h = await loadFixture(harness)
    const wallets = [1, 2, 3, 4].map((n) => new ethers.Wallet(id(`wallet ${n}`)))
    const weights = [5, 1, 1, 1]
    const operators = [1, 2, 3, 4].map(address)
    const members = await h.snapshot(
      wallets.map((w) => w.address),
      operators,
      weights,
    )
    const [separator, cluster, root, sharedHead] = [id('domain'), id('cluster'), id('root'), id('head')]
    const inputsHash = id('inputs')
    const statement = { separator, cluster, height: 3, root, sharedSeq: 9, sharedHead, inputsHash }
    const digest = await h.digest(separator, await h.checkpoint(cluster, 3, root, 9, sharedHead, inputsHash))
    const sign = (i: number) => wallets[i]!.signingKey.sign(digest).serialized
    const threeSmall = h.verify(statement, members, 0b1110, '0x', concat([1, 2, 3].map(sign)))
    await expect(threeSmall).to.be.revertedWithCustomError(h, 'BelowQuorum').withArgs(3, 8)
    expect(await h.verify(statement, members, 0b0011, '0x', concat([0, 1].map(sign)))).to.equal(6)
  })

  it('refuses a cluster of nobody, and a seat without a key', async () => {
    const h = await loadFixture(harness)
    const statement = {
      separator: id('domain'),
      cluster: id('cluster'),
      height: 1,
      root: id('root'),
      sharedSeq: 1,
      sharedHead: id('head'),
      inputsHash: ZeroHash,
    }
    const nobody = h.verify(statement, '0x', 0, '0x', '0x')
    await expect(nobody).to.be.revertedWithCustomError(h, 'BelowQuorum').withArgs(0, 0)
    const noKey = await h.snapshot([ethers.ZeroAddress], [address(1)], [1])
    for (const signature of [`0x${'00'.repeat(65)}`, `${ZeroHash}${ZeroHash.slice(2)}1b`]) {
      const call = h.verify(statement, noKey, 1, '0x', signature)
      await expect(call).to.be.revertedWithCustomError(h, 'BadSignature')
    }
  })
})

describe('PackedCounters', () => {
  for (const width of [16, 32]) {
    it(`keep the largest counts of ${width} bits apart, in words that were paid for`, async () => {
      const c = await loadFixture(counters)
      await c.open(width, 31)
      const max = 2n ** BigInt(width) - 1n
      const even = 0x55555555n & 0x7fffffffn
      await c.addAll(width, even, max - 1n)
      await c.addAll(width, even, 1n)
      for (let i = 1; i < 31; i += 2) await c.add(width, i, BigInt(i))
      for (let i = 0; i < 31; i++) expect(await c.get(width, i)).to.equal(i % 2 === 0 ? max : BigInt(i))
      const words = Math.ceil(31 / Math.floor(240 / width))
      for (let word = 0; word < words; word++) expect((await c.wordAt(word)) >> 255n).to.equal(1n)
      expect(await c.wordAt(words)).to.equal(0)
    })
  }
})

describe('Draw', () => {
  /** The documented rule, written a second time. */
  function twin(seed: string, owners: string[], minNodes: number, maxNodes: number): number[] {
    const count = (cap: number) =>
      [...new Set(owners)].reduce((sum, o) => sum + Math.min(cap, owners.filter((x) => x === o).length), 0)
    let n = maxNodes
    while (n >= minNodes && count(Math.floor((n - 1) / 3)) < n) n--
    if (n < minNodes) return []
    const rank = owners.map((_, i) =>
      keccak256(AbiCoder.defaultAbiCoder().encode(['bytes32', 'uint256'], [seed, i])),
    )
    const order = owners.map((_, i) => i).sort((i, j) => (rank[i]! < rank[j]! ? -1 : 1))
    const seats: number[] = []
    for (const candidate of order) {
      if (seats.length === n) break
      const same = seats.filter((s) => owners[s] === owners[candidate]).length
      if (same < Math.floor((n - 1) / 3)) seats.push(candidate)
    }
    return seats
  }

  const cases: [name: string, owners: number[], min: number, max: number, n: number][] = [
    ['nobody', [], 4, 7, 0],
    ['too few', [1, 2, 3], 4, 7, 0],
    ['just enough', [1, 2, 3, 4], 4, 7, 4],
    ['one operator with all sign-ups', [1, 1, 1, 1, 1, 1, 1, 1], 4, 7, 0],
    ['two seats each where seven allow two', [1, 1, 2, 2, 3, 3, 4, 4], 4, 7, 7],
    ['smaller, because six allow only one each', [1, 1, 2, 2, 3, 3], 4, 6, 0],
    ['one large operator among many', [1, 1, 1, 1, 1, 1, 2, 3, 4, 5, 6, 7, 8], 4, 31, 10],
    ['128 seats, 512 sign-ups', Array.from({ length: 512 }, (_, i) => (i * 7) % 200), 4, 128, 128],
    ['more sign-ups than seats', Array.from({ length: 124 }, (_, i) => i % 40), 4, 31, 31],
  ]
  for (const [name, numbers, min, max, n] of cases) {
    it(`${name}: ${n} seats`, async () => {
      const h = await loadFixture(harness)
      const owners = numbers.map(address)
      for (const seed of [id('a'), id('b'), id('c')]) {
        const { seats, fillable } = await h.draw(seed, owners, min, max)
        expect(seats.map(Number)).to.deep.equal(twin(seed, owners, min, max))
        expect(seats).to.have.length(n)
        if (n === 0) expect(fillable).to.be.lessThan(min)
        for (const owner of owners) {
          const held = seats.filter((s) => owners[Number(s)] === owner).length
          expect(3 * held).to.be.lessThan(Math.max(n, 1))
        }
        expect(new Set(seats).size).to.equal(n)
      }
    })
  }

  it('gives no seat to a sign-up without an owner, and no other rank to the rest', async () => {
    const h = await loadFixture(harness)
    const owners = Array.from({ length: 20 }, (_, i) => address(i))
    const all = (await h.draw(id('a'), owners, 4, 16)).seats.map(Number)
    const dropped = all[3]!
    const { seats } = await h.draw(id('a'), owners.with(dropped, address(-1)), 4, 16)
    expect(seats.map(Number).slice(0, 15)).to.deep.equal(all.filter((seat) => seat !== dropped))
  })

  it('draws 128 seats from 512 sign-ups of 512 operators for a small part of a transaction’s gas', async () => {
    const h = await loadFixture(harness)
    const owners = Array.from({ length: 512 }, (_, i) => address(i))
    const { seats } = await h.draw(id('a'), owners, 4, 128)
    expect(new Set(seats).size).to.equal(128)
    // calldata of the harness included
    expect(Number(await h.draw.estimateGas(id('a'), owners, 4, 128))).to.be.lessThan(2_500_000)
  })

  it('sorts by a heap', async () => {
    const h = await loadFixture(harness)
    for (let size = 0; size < 12; size++) {
      const numbers = Array.from({ length: size }, (_, i) => BigInt(id(`number ${i % 7}`)))
      const ascending = [...numbers].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
      expect(await h.sorted(numbers)).to.deep.equal(ascending)
    }
  })

  it('seats everybody equally often', async () => {
    const h = await loadFixture(harness)
    const owners = [0, 1, 2, 3, 4, 5, 6, 7].map(address)
    const drawn = owners.map(() => 0)
    for (let i = 0; i < 200; i++) {
      const { seats } = await h.draw(id(`seed ${i}`), owners, 4, 4)
      for (const seat of seats) drawn[Number(seat)]! += 1
    }
    for (const times of drawn) expect(times).to.be.within(75, 125)
  })
})
