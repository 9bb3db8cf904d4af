import { expect } from 'chai'
import { keccak } from '../../../src/codec/hex.ts'
import type { RuleName } from '../../../src/policy/judge.ts'
import { judge, mayPass, RULE_NAMES } from '../../../src/policy/judge.ts'
import type { Offer, StockTwins } from '../../../src/policy/offer.ts'
import type { Policy } from '../../../src/policy/policy.ts'
import { defaultPolicy } from '../../../src/policy/policy.ts'
import { reducerHash } from '../../../src/reducers/catalog.ts'
import type { Address, Hex } from '../../../src/types/ids.ts'
import { NIL } from '../../../src/types/ids.ts'
import { taskParams } from '../../helpers/runner-cluster.ts'
import { digestOf } from '../../helpers/store-kit.ts'

const CLIENT: Address = `0x${'c1'.repeat(20)}`
const TWIN: Address = `0x${'7e'.repeat(20)}`
const STOCK = digestOf('code of the stock twin')
const OTHER_STOCK = digestOf('code of the stock twin of another reducer')
const TWINS: StockTwins = new Map([
  [STOCK, 'rate-limit@1'],
  [OTHER_STOCK, 'median@1'],
])
const HEAD = 100
const TIME = 1_700_000_000
const STRICT = defaultPolicy(false)

/** A task that the strict default joins: lock 10 % of 1,000, 10 a seat over 1,000 blocks. */
const PARAMS = taskParams({
  reducer: reducerHash('rate-limit@1'),
  twin: `0x${'00'.repeat(20)}`,
  maxNodes: 4,
  heights: 40,
  stakePerNode: 100n,
  rewardPerHeight: 1n,
  joinDeadline: HEAD + 100,
  endBlock: HEAD + 990,
})

interface Changes extends Partial<Omit<Offer, 'params' | 'terms'>> {
  readonly params?: Partial<Offer['params']>
  readonly terms?: Partial<Offer['terms']>
}

function offer({ params, terms, ...facts }: Changes = {}): Offer {
  return {
    head: HEAD,
    bundle: null,
    twinCode: null,
    isLine: false,
    chance: 'good',
    ...{ time: TIME, lockTailBlocks: 10, lockTailSeconds: 120 },
    stake: { freeWei: 1_000n, lockedWei: 0n, pendingWei: 0n },
    allowance: { perTaskWei: 100n, totalWei: 500n, runningWei: 0n },
    ...facts,
    params: { ...PARAMS, ...params },
    terms: { client: CLIENT, paramsHash: digestOf('params'), twinCodeHash: NIL, ...terms },
  }
}

/** Rules that do not hold. */
const failing = (changes: Changes, policy: Policy = STRICT): RuleName[] =>
  judge(policy, offer(changes), TWINS)
    .filter(({ holds }) => !holds)
    .map(({ rule }) => rule)

describe('policy', () => {
  it('the default joins a paid task with a stock twin or none, at each of its bounds', () => {
    expect(failing({})).deep.equal([])
    expect(failing({ params: { twin: TWIN }, terms: { twinCodeHash: STOCK } })).deep.equal([])
    expect(failing({ params: { joinDeadline: HEAD + 1_800 } })).deep.equal([])
    expect(failing({ params: { heights: 1, maxNodes: 31, endBlock: HEAD + 32_248 } })).deep.equal([])
    // a second that comes later than the block counts instead, 12 for a block
    expect(failing({ params: { joinTime: TIME + 12 * 1_800 } })).deep.equal([])
    expect(failing({ params: { joinTime: TIME + 12 * 1_800 + 1 } })).deep.equal(['sign-up'])
    expect(failing({ params: { endTime: TIME + 12 * 50_400 + 1 } })).deep.equal(['length'])
    const stake = { freeWei: 600n, lockedWei: 400n, pendingWei: 150n }
    expect(failing({ stake })).deep.equal([])
    const allowance = { perTaskWei: 100n, totalWei: 500n, runningWei: 400n }
    expect(failing({ allowance })).deep.equal([])
  })

  it('joins a bundle by its id or by one of its authors, by default on local chains alone', () => {
    const reducer = digestOf('a bundle')
    const [author, other]: Address[] = [`0x${'a1'.repeat(20)}`, `0x${'a2'.repeat(20)}`]
    const bundle = { params: { reducer }, bundle: { authors: [author!] } }
    const nobodys = { params: { reducer }, bundle: { authors: [] } }
    const allowing = (sandboxed: Policy['sandboxed']): Policy => ({ ...STRICT, sandboxed })
    expect(failing(bundle)).deep.equal(['reducer'])
    expect(failing(nobodys, { ...STRICT, reducers: [reducer] })).deep.equal(['reducer'])
    expect(failing(bundle, allowing([digestOf('another'), other!]))).deep.equal(['reducer'])
    expect(failing(nobodys, allowing([author!]))).deep.equal(['reducer'])
    expect(failing({ params: { reducer } }, allowing('any'))).deep.equal(['reducer'])
    expect(failing(bundle, allowing([author!]))).deep.equal([])
    expect(failing(nobodys, allowing([reducer]))).deep.equal([])
    expect(failing(nobodys, allowing('any'))).deep.equal([])
    expect(failing(nobodys, { ...defaultPolicy(true), lockPercentPerTask: 100 })).deep.equal([])
    // a stock reducer is no bundle, whatever it is taken for
    expect(failing({ bundle: { authors: [] } }, { ...allowing('any'), reducers: [] })).deep.equal(['reducer'])
  })

  const refusals: readonly (readonly [name: string, rules: readonly RuleName[], changes: Changes])[] = [
    ['H-2: a chain whose draw one party may know or choose', ['chance'], { chance: 'weak' }],
    ['another reducer', ['reducer'], { params: { reducer: digestOf('another') } }],
    ['C-1: a foreign twin', ['twin'], { params: { twin: TWIN }, terms: { twinCodeHash: digestOf('proxy') } }],
    [
      'C-1: the stock twin of another reducer',
      ['twin'],
      { params: { twin: TWIN }, terms: { twinCodeHash: OTHER_STOCK } },
    ],
    ['C-1: a twin that the chain has no code hash of', ['twin'], { params: { twin: TWIN } }],
    [
      'C-1: reward 0 with a lock of all free stake',
      ['reward', 'allowance', 'lock-per-task', 'lock-total', 'lock-pending'],
      { params: { rewardPerHeight: 0n, stakePerNode: 1_000n } },
    ],
    ['a lock of one more than the share', ['allowance', 'lock-per-task'], { params: { stakePerNode: 101n } }],
    ['a drawing that nobody is paid for', ['drawing'], { params: { formGasPrice: 0n } }],
    [
      'a reward below the least',
      ['reward'],
      { params: { heights: 1, maxNodes: 31, endBlock: HEAD + 32_249 } },
    ],
    ['stake that is not there', ['stake'], { stake: { freeWei: 99n, lockedWei: 1_901n, pendingWei: 0n } }],
    ['all locks too much', ['lock-total'], { stake: { freeWei: 599n, lockedWei: 401n, pendingWei: 0n } }],
    [
      'C-1: too much waiting to be drawn',
      ['lock-pending'],
      { stake: { freeWei: 600n, lockedWei: 400n, pendingWei: 151n } },
    ],
    [
      'C-1: a sign-up that is too long',
      ['sign-up'],
      { params: { joinDeadline: HEAD + 1_801, endBlock: HEAD + 2_000, rewardPerHeight: 9n } },
    ],
    ['a task that is too long', ['length'], { params: { endBlock: HEAD + 50_401, rewardPerHeight: 99n } }],
    [
      'H-3: more than the key may lock in one task',
      ['allowance'],
      { allowance: { perTaskWei: 99n, totalWei: 500n, runningWei: 0n } },
    ],
    [
      'H-3: more than the key may lock in all',
      ['allowance'],
      { allowance: { perTaskWei: 100n, totalWei: 500n, runningWei: 401n } },
    ],
  ]
  for (const [name, rules, changes] of refusals) {
    it(`refuses ${name}`, () =>
      expect(failing(changes).filter((rule) => rules.includes(rule))).deep.equal(rules))
  }

  it('waits for no other task, unless a line or anybody may say so', () => {
    const after = { params: { predecessor: 7n, usesPrevious: true } }
    expect(failing(after)).deep.equal(['predecessor'])
    expect(failing({ ...after, isLine: true })).deep.equal(['predecessor'])
    const lines = { ...STRICT, predecessors: 'lines' } as const
    expect(failing(after, lines)).deep.equal(['predecessor'])
    expect(failing({ ...after, isLine: true }, lines)).deep.equal([])
    expect(failing(after, { ...STRICT, predecessors: 'any' })).deep.equal([])
    // it waits for nothing: the reducer is handed no state
    expect(failing({ params: { predecessor: 7n } })).deep.equal([])
  })

  it('refuses clients that are not on its list, and twins that it does not take', () => {
    expect(failing({}, { ...STRICT, clients: [TWIN] })).deep.equal(['client'])
    expect(failing({}, { ...STRICT, clients: [TWIN, CLIENT] })).deep.equal([])
    expect(failing({}, { ...STRICT, twins: ['stock'] })).deep.equal(['twin'])
    const stock: Changes = { params: { twin: TWIN }, terms: { twinCodeHash: STOCK } }
    expect(failing(stock, { ...STRICT, twins: ['none'] })).deep.equal(['twin'])
    expect(failing({}, { ...STRICT, twins: [] })).deep.equal(['twin'])
  })

  it('on a local chain takes unpaid tasks that lock everything, but no foreign twin', () => {
    const allowance = { perTaskWei: 1_000n, totalWei: 1_000n, runningWei: 0n }
    const all: Changes = { allowance, params: { rewardPerHeight: 0n, stakePerNode: 1_000n } }
    expect(failing(all, defaultPolicy(true))).deep.equal([])
    expect(failing({ ...all, chance: 'local' })).not.include('chance')
    const foreign: Changes = { params: { twin: TWIN }, terms: { twinCodeHash: digestOf('proxy') } }
    expect(failing(foreign, defaultPolicy(true))).deep.equal(['twin'])
  })

  it('joins a task with a pure twin where its policy says so, by default on local chains alone', () => {
    const pure: Policy = { ...STRICT, twins: ['none', 'pure'] }
    const withCode = (twinCode: Hex, twinCodeHash = keccak(twinCode)): Changes => ({
      params: { twin: TWIN },
      terms: { twinCodeHash },
      twinCode,
    })
    const [good, lying]: Hex[] = ['0x60205ff3', '0x3360005260205ff3']
    expect(failing(withCode(lying!), pure)).deep.equal(['twin'])
    expect(failing(withCode(good!, keccak(lying!)), pure)).deep.equal(['twin'])
    expect(failing({ params: { twin: TWIN }, terms: { twinCodeHash: keccak(good!) } }, pure)).deep.equal([
      'twin',
    ])
    expect(failing({ ...withCode(good!), terms: { twinCodeHash: NIL } }, pure)).deep.equal(['twin'])
    expect(failing(withCode(good!))).deep.equal(['twin'])
    expect(failing(withCode(good!), pure)).deep.equal([])
    expect(failing(withCode(good!), defaultPolicy(true))).not.include('twin')
    // each kind is allowed by itself
    expect(failing(withCode(good!, STOCK), pure)).deep.equal(['twin'])
    expect(failing(withCode(good!), { ...STRICT, twins: ['stock'] })).deep.equal(['twin'])
    const told = judge(pure, offer(withCode(lying!)), TWINS).find(({ rule }) => rule === 'twin')
    expect(told?.text).match(
      /^foreign, not pure: CALLER at byte 0, code hash 0x[0-9a-f]{64}; allowed: none, pure$/,
    )
  })

  it('shows every rule, and looks again only where time or locks may change the answer', () => {
    expect(judge(STRICT, offer(), TWINS).map(({ rule }) => rule)).deep.equal(RULE_NAMES)
    expect(RULE_NAMES.filter((rule) => !mayPass(rule))).deep.equal([
      'chance',
      'reducer',
      'twin',
      'client',
      'predecessor',
      'reward',
      'drawing',
    ])
  })
})
