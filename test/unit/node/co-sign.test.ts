import { expect } from 'chai'
import { MemoryDisk } from '../../../src/adapters/memory/store.ts'
import type { Checkpointed } from '../../../src/node/co-sign.ts'
import { coSignOf } from '../../../src/node/co-sign.ts'
import { CoSigner } from '../../../src/node/co-signer.ts'
import { Outbox } from '../../../src/node/outbox.ts'
import type { Store, StoredCheckpoint } from '../../../src/ports/store.ts'
import { KEPT_NOTHING } from '../../../src/protocol/state.ts'
import type { Hex } from '../../../src/types/ids.ts'
import { chainFault, ScriptedChain } from '../../helpers/runner-cluster-chain.ts'
import type { LogLine } from '../../helpers/runner-cluster.ts'
import { realCluster, recordingLogger, TASK_ID, taskParams } from '../../helpers/runner-cluster.ts'
import { CLUSTER, digestOf, OWNER, requestOf, signed } from '../../helpers/store-kit.ts'

const SELF = 1
const OTHERS = 0b1101n
const cluster = { ...realCluster(4), id: CLUSTER }
const seat = { taskId: TASK_ID, cluster, self: SELF, params: { rewardPerHeight: 1n } }
const NOTE: Hex = '0x0102'

function checkpointed(height: number, changes: Partial<Checkpointed> = {}): Checkpointed {
  return {
    kind: 'checkpointed',
    block: 9,
    taskId: TASK_ID,
    first: height - 3,
    height,
    root: digestOf(`root ${height}`),
    bitmap: OTHERS,
    sharedSeq: 16,
    sharedHead: digestOf('shared'),
    ...changes,
  }
}

function objectOf(height: number, logHead = 'own') {
  const root = digestOf(`root ${height}`)
  return { type: 'checkpoint', height, root, logSeq: 16, logHead: digestOf(logHead) } as const
}

function own(height: number, note: Hex | null = NOTE, logHead = 'own'): StoredCheckpoint {
  return { signed: signed(objectOf(height, logHead), SELF), note }
}

describe('coSignOf', () => {
  it('nothing for a member that the certificate names', () => {
    expect(coSignOf(seat, checkpointed(4, { bitmap: 0b1111n }), own(4))).to.equal('signed')
    const last = { ...seat, cluster: realCluster(31), self: 30, params: { rewardPerHeight: 31n } }
    expect(coSignOf(last, checkpointed(4, { bitmap: 2n ** 31n - 1n }), own(4))).to.equal('signed')
    expect(coSignOf(last, checkpointed(4, { bitmap: 2n ** 30n - 1n }), own(4))).to.be.an('object')
  })

  it('nothing where the heights pay less than one unit, by the contract’s rounding', () => {
    const pays = (rewardPerHeight: bigint, first: number): unknown =>
      coSignOf({ ...seat, params: { rewardPerHeight } }, checkpointed(8, { first }), own(8))
    expect(pays(0n, 1)).to.equal('unpaid')
    expect(pays(1n, 6)).to.equal('unpaid') // 3 heights · 1 / 4
    expect(pays(1n, 5)).to.be.an('object')
    expect(pays(4n, 8)).to.be.an('object')
  })

  it('nothing yet without an own CHECKPOINT', () => {
    expect(coSignOf(seat, checkpointed(4), null)).to.equal('not-signed')
  })

  it('nothing over another history', () => {
    expect(coSignOf(seat, checkpointed(4, { root: digestOf('elsewhere') }), own(4))).to.equal('other-root')
  })

  it('the stored signature over the own log head, with the note to it', () => {
    expect(coSignOf(seat, checkpointed(4), own(4))).to.deep.equal({
      taskId: TASK_ID,
      member: SELF,
      logSeq: 16,
      logHead: digestOf('own'),
      note: NOTE,
      signature: own(4).signed.signature,
    })
    expect(coSignOf(seat, checkpointed(4), own(4, null))).to.include({ note: '0x' })
  })

  it('no note where the log is the shared one', () => {
    expect(coSignOf(seat, checkpointed(4), own(4, NOTE, 'shared'))).to.include({ note: '0x' })
    const longer = checkpointed(4, { sharedSeq: 20 })
    expect(coSignOf(seat, longer, own(4, NOTE, 'shared'))).to.include({ note: NOTE })
  })
})

describe('CoSigner', () => {
  let chain: ScriptedChain
  let disk: MemoryDisk
  let store: Store
  let lines: LogLine[]

  beforeEach(() => {
    chain = new ScriptedChain()
    chain.log.last = 4
    disk = new MemoryDisk()
    store = disk.open(OWNER)
    lines = []
  })

  function open(): CoSigner {
    const params = taskParams()
    const logger = recordingLogger(lines)
    return new CoSigner({ ...seat, params, chain, store, outbox: new Outbox(store, chain), logger })
  }
  /** The next process, with what this one has stored. */
  function reopen(): CoSigner {
    disk.crash()
    store = disk.open(OWNER)
    return open()
  }
  const sign = (height: number): void =>
    void store.signOnce(requestOf(objectOf(height), { kept: { ...KEPT_NOTHING, note: NOTE } }))
  const poll = async (coSigner: CoSigner, times = 3): Promise<void> => {
    for (let i = 0; i < times; i += 1) await coSigner.poll()
  }
  const told = (): unknown[] => lines.map(({ event, facts }) => [event, facts['error']])

  it('does nothing before there is a checkpoint, and nothing about one that it signed', async () => {
    sign(4)
    const coSigner = open()
    await poll(coSigner)
    coSigner.checkpointed(checkpointed(4, { bitmap: 0b1111n }))
    await poll(coSigner)
    expect(chain.sent).to.be.empty
  })

  it('brings the stored signature once', async () => {
    sign(4)
    const coSigner = open()
    coSigner.checkpointed(checkpointed(4))
    await poll(coSigner)
    expect(chain.sent).to.deep.equal([`coSign ${TASK_ID} by ${SELF}`])
    const { signature } = store.checkpoint(CLUSTER, 4)!.signed
    expect(chain.coSigns.map((call) => [call.signature, call.note])).to.deep.equal([[signature, NOTE]])
    expect(told()).to.deep.equal([['co-sign.mined', undefined]])
    expect(store.outbox()).to.be.empty
  })

  it('waits for the own CHECKPOINT, but not beyond the next checkpoint', async () => {
    const coSigner = open()
    coSigner.checkpointed(checkpointed(4))
    await poll(coSigner)
    expect(chain.sent).to.be.empty
    coSigner.checkpointed(checkpointed(8, { bitmap: 0b1111n }))
    sign(4)
    await poll(coSigner)
    expect(chain.sent).to.be.empty
    chain.log.last = 12
    coSigner.checkpointed(checkpointed(12))
    await poll(coSigner)
    sign(12)
    await poll(coSigner)
    expect(chain.sent).to.have.length(1)
  })

  it('is too late once the chain has the next checkpoint, whether its event is here or not', async () => {
    sign(4)
    chain.log.last = 8
    const coSigner = open()
    coSigner.checkpointed(checkpointed(4))
    await poll(coSigner)
    expect([chain.sent, told()]).to.deep.equal([[], []])
  })

  it('pays nothing for what the contract refuses, and goes on with the next one', async () => {
    chain.verdict = () => 'StatusNotAllowed'
    sign(4)
    sign(8)
    const coSigner = open()
    coSigner.checkpointed(checkpointed(4))
    await poll(coSigner)
    expect(chain.sent).to.be.empty
    expect(told()).to.deep.equal([['co-sign.refused', 'StatusNotAllowed']])
    chain.verdict = () => null
    chain.log.last = 8
    chain.outcome = () => ({ kind: 'reverted', error: 'NotMissing' })
    coSigner.checkpointed(checkpointed(8))
    await poll(coSigner)
    expect(chain.sent).to.have.length(1)
    expect(told()).to.deep.equal([
      ['co-sign.refused', 'StatusNotAllowed'],
      ['co-sign.refused', 'NotMissing'],
    ])
  })

  it('tells of a chain that has another history than it decided', async () => {
    sign(4)
    const coSigner = open()
    coSigner.checkpointed(checkpointed(4, { root: digestOf('elsewhere') }))
    await poll(coSigner)
    expect([chain.sent, told()]).to.deep.equal([[], [['co-sign.other-root', undefined]]])
  })

  it('does nothing in a task in which the member is convicted', async () => {
    sign(4)
    sign(8)
    const coSigner = open()
    coSigner.checkpointed(checkpointed(4))
    coSigner.convicted()
    await poll(coSigner)
    chain.log.last = 8
    coSigner.checkpointed(checkpointed(8))
    await poll(coSigner)
    expect(chain.sent).to.be.empty
  })

  it('goes on after a fault of the chain, in the next process too, and asks before it pays twice', async () => {
    sign(4)
    chain.before = (method) => {
      if (method === 'send') throw chainFault('E_RPC_DOWN')
    }
    const first = open()
    first.checkpointed(checkpointed(4))
    const error = await first.poll().catch((thrown: unknown) => thrown)
    expect(error).to.include({ code: 'E_RPC_DOWN' })
    expect(store.outbox()).to.have.length(1)
    const second = reopen()
    chain.before = () => undefined
    await new Outbox(store, chain).resume()
    chain.verdict = () => 'NotMissing'
    second.checkpointed(checkpointed(4))
    await poll(second)
    expect(chain.sent).to.have.length(1)
    expect(told()).to.deep.equal([])
  })

  it('finds after a restart what it has not brought before', async () => {
    sign(4)
    const coSigner = reopen()
    coSigner.checkpointed(checkpointed(4))
    await poll(coSigner)
    expect(chain.sent).to.have.length(1)
  })
})
