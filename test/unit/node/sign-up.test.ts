import { expect } from 'chai'
import { MemoryDisk } from '../../../src/adapters/memory/store.ts'
import { keccak } from '../../../src/codec/hex.ts'
import { termsHash } from '../../../src/codec/roots.ts'
import { Outbox } from '../../../src/node/outbox.ts'
import { SignUp } from '../../../src/node/sign-up.ts'
import type { SignUpInit } from '../../../src/node/sign-up.ts'
import { defaultPolicy } from '../../../src/policy/policy.ts'
import type { ChainEvent } from '../../../src/ports/chain.ts'
import { rateLimit } from '../../../src/reducers/rate-limit.ts'
import type { Address, Hex } from '../../../src/types/ids.ts'
import { NIL } from '../../../src/types/ids.ts'
import type { TaskParams } from '../../../src/types/task.ts'
import { chainFault, ScriptedChain, TERMS } from '../../helpers/runner-cluster-chain.ts'
import { recordingLogger, taskParams } from '../../helpers/runner-cluster.ts'
import type { LogLine } from '../../helpers/runner-cluster.ts'
import { digestOf, OWNER } from '../../helpers/store-kit.ts'

type Published = Extract<ChainEvent, { kind: 'taskPublished' }>

const NOTHING_ALLOWED = { perTaskWei: 0n, totalWei: 0n, runningWei: 0n }
const BOB: Address = `0x${'b0'.repeat(20)}`
const CAROL: Address = `0x${'c0'.repeat(20)}`
const DEADLINE = 20
/** Block whose hash seeds the draw. */
const SEED = DEADLINE + 2

describe('SignUp', () => {
  let chain: ScriptedChain
  let lines: LogLine[]

  beforeEach(() => {
    chain = new ScriptedChain()
    lines = []
  })

  function signUp(changes: Partial<SignUpInit> = {}): SignUp {
    const outbox = new Outbox(new MemoryDisk().open(OWNER), chain)
    const logger = recordingLogger(lines)
    return new SignUp({
      key: OWNER.key,
      chain,
      outbox,
      logger,
      reducers: [rateLimit.id],
      autoJoin: true,
      policy: defaultPolicy(true),
      stockTwins: new Map(),
      ...changes,
    })
  }

  const params = (changes: Partial<TaskParams> = {}): TaskParams =>
    taskParams({ joinDeadline: DEADLINE, ...changes })
  const task = (taskId: bigint, asked: TaskParams): Published => {
    const { client, paramsHash } = TERMS
    return { kind: 'taskPublished', block: 1, taskId, client, params: asked, paramsHash }
  }
  const refusals = (): unknown[] =>
    lines.filter(({ event }) => event === 'task.not-joined').map(({ facts }) => facts['reason'])

  describe('does not join, and says why once', () => {
    const cases: readonly (readonly [reason: string, changes: Partial<TaskParams>, prepare?: () => void])[] =
      [
        ['unknown-reducer', { reducer: digestOf('another reducer') }],
        ['timing', { tickMs: 1 }],
        ['reducer-params', { reducerParams: '0x' }],
        ['registration', {}, () => (chain.registered = null)],
        ['registration', {}, () => (chain.registered = { ...chain.registered!, active: false })],
        ['stake', { stakePerNode: 1_001n }],
      ]
    for (const [reason, changes, prepare] of cases) {
      it(reason, async () => {
        prepare?.()
        const signing = signUp()
        signing.published(task(1n, params(changes)))
        for (let head = 10; head < SEED + 300; head += 1) await signing.poll(head)
        expect(refusals()).to.deep.equal([reason])
        expect(chain.sent).to.be.empty
      })
    }

    it('nothing for a reducer that it knows but does not offer', async () => {
      const signing = signUp({ reducers: [] })
      signing.published(task(1n, params()))
      await signing.poll(10)
      expect(refusals()).to.deep.equal(['unknown-reducer'])
    })
  })

  describe('asks the chain again before it agrees', () => {
    const agreedTo = (): string => {
      const { client, paramsHash } = TERMS
      const terms = { client, paramsHash, twinCodeHash: NIL }
      return termsHash(chain.domain.chainId, chain.board, 1n, terms)
    }

    it('and names the terms that it has judged', async () => {
      const signing = signUp()
      signing.published(task(1n, params()))
      await signing.poll(10)
      expect(chain.agreed).to.deep.equal([agreedTo()])
    })

    for (const [name, now] of [
      ['C-1: another client has copied the parameters', { ...TERMS, client: BOB }],
      ['C-1: a re-organisation has put other parameters there', { ...TERMS, paramsHash: digestOf('other') }],
      ['no such task any more', null],
    ] as const) {
      it(`and does not join: ${name}`, async () => {
        chain.termsNow = () => now
        const signing = signUp()
        signing.published(task(1n, params()))
        await signing.poll(10)
        expect(refusals()).to.deep.equal(['other-terms'])
        expect(chain.sent).to.be.empty
      })
    }

    it('and does not join where the code of the twin is no stock twin’s', async () => {
      chain.termsNow = () => ({ ...TERMS, twinCodeHash: digestOf('proxy') })
      const signing = signUp({ stockTwins: new Map([[digestOf('stock'), rateLimit.id]]) })
      signing.published(task(1n, params({ twin: BOB })))
      await signing.poll(10)
      expect(refusals()).to.deep.equal(['twin'])
      chain.termsNow = () => ({ ...TERMS, twinCodeHash: digestOf('stock') })
      signing.published(task(2n, params({ twin: BOB })))
      await signing.poll(10)
      expect(chain.sent).to.deep.equal(['join 2'])
    })

    it('and joins where the code of a foreign twin is pure, once the endpoint has the code that the task names', async () => {
      const [lying, pure]: Hex[] = ['0x3360005260205ff3', '0x60205ff3']
      const signing = signUp()
      const offered = async (taskId: bigint, code: Hex): Promise<void> => {
        chain.termsNow = () => ({ ...TERMS, twinCodeHash: keccak(code) })
        signing.published(task(taskId, params({ twin: BOB })))
        await signing.poll(10)
      }
      chain.codeNow = lying!
      await offered(1n, lying!)
      chain.codeNow = '0x'
      await offered(2n, pure!)
      expect(refusals()).to.deep.equal(['twin', 'twin'])
      chain.codeNow = pure!
      await signing.poll(17)
      expect(chain.sent).to.deep.equal([])
      await signing.poll(18)
      expect(chain.sent).to.deep.equal(['join 2'])
    })
  })

  it('looks again at what may be acceptable later, says a reason once, and shows what it refuses', async () => {
    chain.registered = { ...chain.registered!, allowance: { ...NOTHING_ALLOWED } }
    const signing = signUp()
    signing.published(task(1n, params({ joinDeadline: 60 })))
    for (let head = 10; head < 40; head += 1) await signing.poll(head)
    expect(refusals()).to.deep.equal(['allowance'])
    expect(signing.refused().map(({ taskId, reason }) => [taskId, reason])).to.deep.equal([
      ['1', 'allowance'],
    ])
    chain.registered = {
      ...chain.registered,
      allowance: { ...NOTHING_ALLOWED, perTaskWei: 1_000n, totalWei: 1_000n },
    }
    for (let head = 40; head < 50; head += 1) await signing.poll(head)
    expect(chain.sent).to.deep.equal(['join 1'])
    expect(signing.refused()).to.be.empty
  })

  it('keeps the place of a refusal that it repeats', async () => {
    chain.registered = { ...chain.registered!, allowance: { ...NOTHING_ALLOWED } }
    const signing = signUp()
    signing.published(task(1n, params({ joinDeadline: 60 })))
    await signing.poll(10)
    signing.published(task(2n, params({ joinDeadline: 60 })))
    for (const head of [11, 10 + 8]) await signing.poll(head)
    expect(signing.refused().map(({ taskId }) => taskId)).to.deep.equal(['1', '2'])
  })

  it('C-1: what it has waiting to be drawn counts before the chain tells of it', async () => {
    const policy = { ...defaultPolicy(true), lockPercentPending: 15 }
    const signing = signUp({ policy })
    for (const taskId of [1n, 2n]) signing.published(task(taskId, params({ stakePerNode: 100n })))
    await signing.poll(10)
    expect(chain.sent).to.deep.equal(['join 1'])
    expect(refusals()).to.deep.equal(['lock-pending'])
    // drawn: no longer waiting
    signing.formed(1n)
    await signing.poll(18)
    expect(chain.sent).to.deep.equal(['join 1', 'join 2'])
  })

  it('does not join without being told to, at the deadline, or where its key has joined', async () => {
    const passive = signUp({ autoJoin: false })
    passive.published(task(1n, params()))
    await passive.poll(10)
    const late = signUp()
    late.published(task(1n, params()))
    await late.poll(DEADLINE)
    const joined = signUp()
    joined.published(task(1n, params()))
    joined.joined(1n, OWNER.key, 1)
    await joined.poll(10)
    expect(chain.sent).to.be.empty
  })

  it('joins once', async () => {
    const signing = signUp()
    signing.published(task(1n, params()))
    for (let head = 10; head < DEADLINE; head += 1) await signing.poll(head)
    expect(chain.sent).to.deep.equal(['join 1'])
    expect(lines.map(({ event }) => event)).to.deep.equal(['task.joined'])
  })

  it('joins again as soon as a re-org has taken its sign-up back, but not once that is deep', async () => {
    const signing = signUp()
    signing.published(task(1n, params()))
    await signing.poll(10)
    await signing.poll(11)
    chain.joined.set('1', [BOB])
    await signing.poll(12)
    await signing.poll(13)
    signing.joined(1n, OWNER.key, 1)
    chain.joined.clear() // what is deep is no longer asked for
    for (let head = 14; head < DEADLINE; head += 1) await signing.poll(head)
    expect(chain.sent).to.deep.equal(['join 1', 'join 1'])
  })

  it('tells of a refused join once', async () => {
    chain.outcome = () => ({ kind: 'reverted', error: 'NoSeats' })
    const signing = signUp()
    signing.published(task(1n, params()))
    for (let head = 10; head < DEADLINE; head += 1) await signing.poll(head)
    // asked again once the blocks that the refusal depended on are deep: a re-org may have made room
    expect(chain.sent).to.have.length((DEADLINE - 10) / chain.reorgDepth)
    expect(lines).to.have.length(1)
    expect(lines[0]).to.deep.include({ event: 'task.join-refused' })
    expect(lines[0]!.facts['error']).to.equal('NoSeats')
  })

  it('asks again where the chain did not answer', async () => {
    const signing = signUp()
    signing.published(task(1n, params()))
    chain.before = (method) => {
      if (method === 'registration') throw chainFault('E_RPC_DOWN')
    }
    expect(await signing.poll(10).catch((error: unknown) => error)).to.deep.include({ code: 'E_RPC_DOWN' })
    chain.before = () => undefined
    await signing.poll(11)
    expect(chain.sent).to.deep.equal(['join 1'])
  })

  it('knows nothing of a task any more that was revoked while sign-up was open', async () => {
    const signing = signUp()
    signing.published(task(1n, params()))
    signing.published(task(2n, params()))
    signing.joined(2n, OWNER.key, 1)
    chain.status = 'Expired'
    for (const taskId of [1n, 2n, 3n]) signing.revoked(taskId)
    for (let head = 10; head < SEED + 20; head += 1) await signing.poll(head)
    expect(chain.sent).to.be.empty
  })

  it('one task’s trouble leaves the others their turn', async () => {
    const signing = signUp()
    signing.published(task(1n, params()))
    signing.published(task(2n, params()))
    chain.before = (_, call) => {
      if (call === 'join 1') throw chainFault('E_TX_TIMEOUT')
    }
    expect(await signing.poll(10).catch((error: unknown) => error)).to.deep.include({ code: 'E_TX_TIMEOUT' })
    expect(chain.sent).to.deep.equal(['join 2'])
  })

  describe('draws the cluster', () => {
    it('two blocks after the member before, until that is seen', async () => {
      for (const [place, keys] of [
        [OWNER.key, BOB, CAROL],
        [BOB, OWNER.key, CAROL],
        [BOB, CAROL, OWNER.key],
      ].entries()) {
        chain.sent.length = 0
        const signing = signUp()
        signing.published(task(1n, params()))
        for (const key of keys) signing.joined(1n, key, 1)
        const sentAt: number[] = []
        for (let head = DEADLINE; head < SEED + 20; head += 1) {
          await signing.poll(head)
          if (chain.sent.length > sentAt.length) sentAt.push(head)
          if (sentAt.length === 2) signing.formed(1n)
        }
        // the first is deep by then, and its event did not come: a re-org took it back
        const first = SEED + 1 + 2 * place
        expect(sentAt).to.deep.equal([first, first + chain.reorgDepth])
      }
    })

    it('of a task that was revoked after sign-up: it is paid for that', async () => {
      const signing = signUp()
      signing.published(task(1n, params()))
      signing.joined(1n, OWNER.key, 1)
      chain.status = 'Open'
      signing.revoked(1n)
      for (let head = DEADLINE; head < SEED + 2; head += 1) await signing.poll(head)
      expect(chain.sent).to.deep.equal([`form 1 by ${SEED}`])
    })

    it('once blocks and seconds of the chain say so, and signs up until then', async () => {
      chain.seedDelaySeconds = 100
      const signing = signUp()
      signing.published(task(1n, params({ joinTime: 1_000, endTime: 9_000 })))
      // blocks that come fast end nothing
      chain.time = 999
      await signing.poll(SEED + 50)
      expect(chain.sent).to.deep.equal(['join 1'])
      signing.joined(1n, OWNER.key, 1)
      for (const time of [1_000, 1_099]) {
        chain.time = time
        await signing.poll(SEED + 60)
      }
      expect(chain.sent).to.have.length(1)
      chain.time = 1_100
      await signing.poll(SEED + 61)
      expect(chain.sent.slice(1)).to.deep.equal([`form 1 by ${SEED} and second 1100`])
    })

    it('again at once if the seed block was replaced, and only then', async () => {
      for (const [error, times] of [
        ['NotTheHeader', 2],
        ['NotTheFirst', 2],
        ['StatusNotAllowed', 1],
      ] as const) {
        chain.sent.length = 0
        chain.outcome = () => ({ kind: 'reverted', error })
        const signing = signUp()
        signing.published(task(1n, params()))
        signing.joined(1n, OWNER.key, 1)
        for (let head = SEED; head < SEED + 3; head += 1) await signing.poll(head)
        expect(chain.sent).to.have.length(times)
      }
    })

    it('not where it did not sign up, nor what is drawn, nor after the window', async () => {
      const stranger = signUp()
      stranger.published(task(1n, params()))
      stranger.joined(1n, BOB, 1)
      const formed = signUp()
      formed.published(task(1n, params()))
      formed.joined(1n, OWNER.key, 1)
      formed.formed(1n)
      for (let head = DEADLINE; head < SEED + 20; head += 1) {
        await stranger.poll(head)
        await formed.poll(head)
      }
      const late = signUp()
      late.published(task(1n, params()))
      late.joined(1n, OWNER.key, 1)
      await late.poll(SEED + 8_192)
      await late.poll(SEED + 2)
      expect(chain.sent).to.be.empty
    })
  })
})
