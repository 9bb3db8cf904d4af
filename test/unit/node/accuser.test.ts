import { expect } from 'chai'
import { MemoryDisk } from '../../../src/adapters/memory/store.ts'
import { seededOrder } from '../../../src/codec/roots.ts'
import { Accuser } from '../../../src/node/accuser.ts'
import { EvidenceBook } from '../../../src/node/evidence-book.ts'
import { Outbox } from '../../../src/node/outbox.ts'
import type { ChainEvent } from '../../../src/ports/chain.ts'
import type { Store } from '../../../src/ports/store.ts'
import type { Evidence } from '../../../src/types/evidence.ts'
import { chainFault, MINED, ScriptedChain } from '../../helpers/runner-cluster-chain.ts'
import type { LogLine } from '../../helpers/runner-cluster.ts'
import { realCluster, recordingLogger, TASK_ID, taskParams } from '../../helpers/runner-cluster.ts'
import { confirm, CLUSTER, OWNER, share, signed, status } from '../../helpers/store-kit.ts'

const N = 7
const ACCUSED = 3
const MINED_HASH = MINED.kind === 'mined' ? MINED.hash : null
const cluster = { ...realCluster(N), id: CLUSTER }
const params = taskParams()
const pair: Evidence = {
  kind: 'E1',
  first: signed(confirm(1, 0), ACCUSED),
  second: signed(confirm(1, 0, 'another'), ACCUSED),
}

function vote(round: number): Evidence {
  return { kind: 'E3', vote: signed({ ...share(1, round), inputs: 1n }, ACCUSED) }
}

function conviction(percent: number): Extract<ChainEvent, { kind: 'convicted' }> {
  const reporter = `0x${'77'.repeat(20)}` as const
  return { kind: 'convicted', block: 9, taskId: TASK_ID, member: ACCUSED, offence: 'E1', percent, reporter }
}

describe('Accuser', () => {
  let chain: ScriptedChain
  let disk: MemoryDisk
  let store: Store
  let lines: LogLine[]

  beforeEach(() => {
    chain = new ScriptedChain()
    disk = new MemoryDisk()
    store = disk.open(OWNER)
    lines = []
  })

  function open(self: number): { accuser: Accuser; book: EvidenceBook } {
    const book = new EvidenceBook(store, { cluster, epochHeights: params.epochHeights })
    const logger = recordingLogger(lines)
    const outbox = new Outbox(store, chain)
    const accuser = new Accuser({
      taskId: TASK_ID,
      cluster,
      self,
      params,
      chain,
      outbox,
      logger,
      book,
      events: () => [],
    })
    return { accuser, book }
  }

  /** Polls until something was sent, at most one block for each other member. */
  async function untilSent(accuser: Accuser): Promise<number> {
    for (let block = 0; block < N; block += 1) {
      await accuser.poll(100 + block)
      if (chain.sent.length > 0) return block
    }
    return -1
  }

  const statuses = (book: EvidenceBook): string[] => book.all.map(({ status }) => status)
  const told = (event: string): LogLine[] => lines.filter((line) => line.event === event)

  it('lets members take turns, one a block, the accused never', async () => {
    const turns: number[] = []
    for (const self of seededOrder(cluster)) {
      chain.sent.length = 0
      disk.crash()
      disk = new MemoryDisk()
      store = disk.open(OWNER)
      const { accuser, book } = open(self)
      book.keep(pair)
      turns.push(await untilSent(accuser))
    }
    expect(turns.toSorted((a, b) => a - b)).to.deep.equal([-1, 0, 1, 2, 3, 4, 5])
  })

  it('brings a proof once, and tells of it', async () => {
    const { accuser, book } = open(0)
    expect(book.keep(pair)).to.equal(true)
    await untilSent(accuser)
    expect(statuses(book)).to.deep.equal(['submitted'])
    accuser.convicted(conviction(100))
    for (let block = 200; block < 220; block += 1) await accuser.poll(block)
    expect(chain.sent).to.deep.equal([`evidence ${TASK_ID} E1 ${ACCUSED}`])
    expect(book.all.map(({ status, tx }) => [status, tx])).to.deep.equal([['accepted', MINED_HASH]])
    expect(told('evidence.submitted').map(({ facts }) => facts['member'])).to.deep.equal([ACCUSED])
    disk.crash()
    store = disk.open(OWNER)
    expect(await untilSent(open(0).accuser)).to.equal(0) // what was sent before is all there is
    expect(chain.sent).to.have.length(1)
  })

  it('M-5: opens a long log in steps before the proof, and leaves out those that somebody else has made', async () => {
    chain.steps = ['step A', 'step B']
    chain.verdict = (call) => (call.startsWith('step A') ? 'ProvesNothing' : null)
    const { accuser, book } = open(0)
    book.keep(pair)
    await untilSent(accuser)
    expect(chain.sent).to.deep.equal([`step B ${TASK_ID} ${ACCUSED}`, `evidence ${TASK_ID} E1 ${ACCUSED}`])
    expect(statuses(book)).to.deep.equal(['submitted'])
  })

  it('pays nothing for what the contract refuses', async () => {
    chain.verdict = () => 'ProvesNothing'
    const { accuser, book } = open(0)
    book.keep(pair)
    expect(await untilSent(accuser)).to.equal(-1)
    expect(statuses(book)).to.deep.equal(['refused'])
    expect(told('evidence.refused')[0]?.facts).to.include({ error: 'ProvesNothing', kind: 'E1' })
  })

  it('pays nothing where somebody else was quicker', async () => {
    chain.verdict = () => 'AlreadyConvicted'
    const { accuser, book } = open(0)
    book.keep(pair)
    expect(await untilSent(accuser)).to.equal(-1)
    expect(statuses(book)).to.deep.equal(['found'])
    accuser.convicted(conviction(100))
    expect(statuses(book)).to.deep.equal(['accepted'])
    expect(told('evidence.refused')).to.deep.equal([])
  })

  it('brings a proof again whose conviction a re-org took back, its own or another’s', async () => {
    for (const isOwn of [true, false]) {
      disk.crash()
      disk = new MemoryDisk()
      store = disk.open(OWNER)
      chain.sent.length = 0
      const { accuser, book } = open(0)
      book.keep(pair)
      chain.verdict = () => (isOwn ? null : 'AlreadyConvicted')
      for (let block = 100; block < 100 + N; block += 1) {
        if (chain.sent.length === 0) await accuser.poll(block)
      }
      const asked = chain.sent.length
      expect(asked).to.equal(isOwn ? 1 : 0)
      chain.verdict = () => 'AlreadyConvicted' // mined again meanwhile, and gone once more
      for (let block = 200; block < 210; block += 1) await accuser.poll(block)
      expect(chain.sent).to.have.length(asked)
      chain.verdict = () => null
      await accuser.poll(220)
      await accuser.poll(220)
      await accuser.poll(220 + chain.reorgDepth - 1)
      expect(chain.sent, 'once within the depth').to.have.length(asked + 1)
      await accuser.poll(220 + chain.reorgDepth)
      expect(chain.sent, 'and once more').to.have.length(asked + 2)
    }
  })

  it('lets go of what a conviction seen on chain covers, and of nothing graver', async () => {
    const { accuser, book } = open(0)
    book.keep(pair)
    book.keep(vote(0))
    accuser.convicted(conviction(5))
    expect(statuses(book)).to.deep.equal(['found', 'accepted'])
    accuser.convicted(conviction(100))
    expect(statuses(book)).to.deep.equal(['accepted', 'accepted'])
    expect(await untilSent(accuser)).to.equal(-1)
    expect(told('member.convicted')).to.have.length(2)
  })

  it('goes on after a fault of the chain, in the next process too', async () => {
    chain.before = (method) => {
      if (method === 'send') throw chainFault('E_RPC_DOWN')
    }
    const first = open(0)
    first.book.keep(pair)
    let error: unknown = null
    for (let block = 0; block < N && error === null; block += 1)
      await first.accuser.poll(100 + block).catch((thrown: unknown) => (error = thrown))
    expect(error).to.include({ code: 'E_RPC_DOWN' })
    expect(statuses(first.book)).to.deep.equal(['submitted'])
    disk.crash()
    store = disk.open(OWNER)
    chain.before = () => undefined
    await new Outbox(store, chain).resume()
    expect(chain.sent).to.have.length(1)
    chain.verdict = () => 'AlreadyConvicted'
    const second = open(0)
    for (let block = 0; block < N; block += 1) await second.accuser.poll(200 + block)
    expect(statuses(second.book)).to.deep.equal(['submitted'])
    expect(chain.sent).to.have.length(1)
  })
})

describe('EvidenceBook', () => {
  function open(): EvidenceBook {
    return new EvidenceBook(new MemoryDisk().open(OWNER), { cluster, epochHeights: params.epochHeights })
  }

  it('keeps no proof that proves nothing, and none twice', () => {
    const book = open()
    expect(book.keep({ ...pair, second: pair.first })).to.equal(false)
    expect(book.keep({ kind: 'E3', vote: signed({ ...share(1, 0), inputs: 0b11111n }, ACCUSED) })).to.equal(
      false,
    )
    expect(book.keep({ ...pair, first: signed(confirm(1, 0), 2) })).to.equal(false)
    expect(book.keep(pair)).to.equal(true)
    expect(book.keep(pair)).to.equal(false)
    expect(book.counts).to.deep.equal({ found: 1, submitted: 0, accepted: 0, refused: 0 })
  })

  it('is not filled up by a liar that goes on, yet takes what is graver', () => {
    const book = open()
    const pairOf = (type: 'status' | 'share', height: number): Evidence => {
      const objects =
        type === 'share'
          ? [share(height, 0), share(height, 0, 'other')]
          : ['a', 'b'].map((text) => ({ ...status(height, text) }))
      const [first, second] = objects.map((object) => signed(object as ReturnType<typeof share>, ACCUSED))
      return { kind: 'E1', first: first!, second: second! }
    }
    for (let height = 1; height <= 50; height += 1) book.keep(pairOf('status', height))
    expect(book.all).to.have.length(8)
    expect(book.keep(pairOf('share', 51))).to.equal(true)
    expect(book.keep(pairOf('share', 52))).to.equal(false)
  })
})
