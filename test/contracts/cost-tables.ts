/** The tables of the docs that say what calls cost and what proofs take, made from the snapshot. */
import { readFileSync } from 'node:fs'
import { TWINNED_IDS } from '../helpers/twin-chain.ts'
import { comparedWithFormer } from './cost-former.ts'
import type { Penalty } from './cost-proofs.ts'
import { lifeCost, LIVES, taskCost } from './cost-task.ts'
import { TWIN_SIZES } from './cost-twins.ts'
import { SIZES } from './costs.ts'
import type { Snapshot } from './costs.ts'

/** Page → name of its table → how that is made. */
const TABLES: Readonly<Record<string, Readonly<Record<string, (snapshot: Snapshot) => string>>>> = {
  'contracts.md': {
    checkpoints: (snapshot) => costTable(snapshot, ['checkpoint']),
    former: formerTable,
    calls: (snapshot) => costTable(snapshot, [...REGISTRY, ...BOARD, ...BUNDLES, ...LINES]),
    proofs: proofTable,
    task: taskTable,
  },
  'reducers.md': { twins: twinTable },
}

const fileOf = (page: string): URL => new URL(`../../docs/${page}`, import.meta.url)

/** The pages as they are, and as the snapshot has them; throws if one has no place for a table. */
export function pagesWith(snapshot: Snapshot): { file: URL; before: string; after: string }[] {
  return Object.entries(TABLES).map(([page, tables]) => {
    const before = readFileSync(fileOf(page), 'utf8')
    const after = Object.entries(tables).reduce((text, [name, tableOf]) => {
      const place = new RegExp(`(<!-- table: ${name} -->\n)[^]*?(<!-- end of table -->)`)
      if (!place.test(text)) throw new Error(`docs/${page} has no place for the table of ${name}`)
      return text.replace(place, (_, begin: string, end: string) => `${begin}${tableOf(snapshot)}${end}`)
    }, before)
    return { file: fileOf(page), before, after }
  })
}

const REGISTRY = [
  'register',
  'addStake',
  'requestUnbond',
  'withdraw',
  'rotateKey',
  'updateAddresses',
  'freeze',
  'setPayout',
  'offerAccount',
  'acceptAccount',
]
const BOARD = [
  'publish',
  'join',
  'quit',
  'form',
  'revoke',
  'postEvent',
  'finalize',
  'claim',
  'release',
].concat('withdrawCredit', 'openLog')
const BUNDLES = ['publishParts']
const LINES = ['open', 'renew', 'fund', 'collect', 'announce', 'closeLine']
const HEAD = SIZES.map((n) => `n = ${n}`)
const RIGHT = SIZES.map(() => '---:')
const MEMBER_TRANSITIONS_PER_HEIGHT = 4

interface ProofRow {
  readonly kind: string
  readonly evidence: string
  readonly check: string
  /** Case of the gas table. */
  readonly cost: string
  /** What is said of it → name among the penalties. */
  readonly penalties: Readonly<Record<string, string>>
}

const VOTES = ['Share', 'Confirm', 'Checkpoint', 'Hello', 'Status']
const FOLDED = 'they fold to the signed head and break the table, a number, or (height, round)'
const REDUCTION = {
  'nobody misled': 'wrongReduction, nobody misled',
  'everybody misled': 'wrongReduction, everybody misled',
}

/** Every kind of proof: what is brought, what the slasher checks. */
const PROOFS: readonly ProofRow[] = [
  {
    kind: 'E1',
    evidence: 'two objects of one type',
    check: 'both signed, different, one sign-once key',
    cost: 'equivocation',
    penalties: Object.fromEntries(VOTES.map((type) => [type.toUpperCase(), `equivocation ${type}`])),
  },
  {
    kind: 'E1b',
    evidence: 'CONFIRM, SHARE',
    check: 'a later vote for another value without a quorum since',
    cost: 'amnesia',
    penalties: { '': 'amnesia' },
  },
  ...[4, 256].map((count) => ({
    kind: 'E2',
    evidence: `CHECKPOINT, ${count} log entries`,
    check: FOLDED,
    cost: `illegalLog, ${count} entries`,
    penalties: { '': 'illegalLog' },
  })),
  {
    kind: 'E2',
    evidence: 'two CHECKPOINTs of an epoch, 4 entries between',
    check: 'the second log does not extend the first',
    cost: 'forkedLog, 4 entries',
    penalties: { '': 'forkedLog' },
  },
  {
    kind: 'E3',
    evidence: 'SHARE or HELLO',
    check: 'fresh, and its list has a stranger or no quorum',
    cost: 'unjustifiedVote',
    penalties: { SHARE: 'unjustifiedVote Share', HELLO: 'unjustifiedVote Hello' },
  },
  {
    kind: 'E4',
    evidence: 'SHARE, params, n listed states of 8 bytes, n CONFIRMs',
    check: 'the twin (one that hashes) refuses a state or gives another result',
    cost: 'wrongReduction',
    penalties: REDUCTION,
  },
  {
    kind: 'E4',
    evidence: 'the same with states of `time-slots@1`',
    check: 'its twin at its heaviest',
    cost: 'wrongReduction, time-slots@1',
    penalties: REDUCTION,
  },
  {
    kind: 'E5',
    evidence: 'a height, its listed states, what leads to the accepted root',
    check: 'the twin gives another result: a step, which convicts nobody',
    cost: 'refute',
    penalties: {},
  },
  {
    kind: 'E5',
    evidence: 'CHECKPOINT, the refuted height and what leads from it',
    check: 'its root holds the refuted height',
    cost: 'wrongCheckpoint',
    penalties: { '': 'wrongCheckpoint' },
  },
  {
    kind: 'E6',
    evidence: 'SHARE, another object',
    check: 'they name two roots of one height',
    cost: 'twoParents',
    penalties: { '': 'twoParents' },
  },
]

const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |\n`
const figure = (gas: number): string => gas.toLocaleString('en-US')

function costsOf({ gas }: Snapshot, name: string): number[] {
  return SIZES.map((n) => gas[name]?.[n] ?? Number.NaN)
}

/** Every case of these functions. */
function costTable(snapshot: Snapshot, functions: readonly string[]): string {
  const all = Object.keys(snapshot.gas)
  const names = functions.flatMap((one) => all.filter((name) => functionOf(name) === one))
  const perTransition = functions.includes('checkpoint')
  const rows = names.map((name) => {
    const costs = costsOf(snapshot, name)
    const own = name
      .replace('checkpoint, ', '')
      .replace(/^\w+/, (word) => (perTransition ? word : `\`${word}\``))
    return line([own, ...costs.map((gas, i) => figure(gas) + (perTransition ? part(name, gas, i) : ''))])
  })
  return line([perTransition ? 'Batch' : 'Call', ...HEAD]) + line(['---', ...RIGHT]) + rows.join('')
}

/** Now, in brackets before and the difference in percent. */
function formerTable(snapshot: Snapshot): string {
  const all = comparedWithFormer(snapshot)
  const sizes = [...new Set(all.map(({ n }) => n))]
  const rows = [...new Set(all.map(({ name }) => name))].map((name) => {
    const cells = all.filter((one) => one.name === name)
    const shown = cells.map(({ now, former }) => {
      const percent = (100 * (now / former - 1)).toFixed(1).replace('-', '−')
      return `${figure(now)} (${figure(former)}, ${now < former ? '' : '+'}${percent} %)`
    })
    return line([name.replace('checkpoint, ', ''), ...shown])
  })
  return (
    line(['Batch', ...sizes.map((n) => `n = ${n}`)]) +
    line(['---', ...sizes.map(() => '---:')]) +
    rows.join('')
  )
}

/** `aggregate` of each twin, and `close` after it. */
function twinTable({ gas }: Snapshot): string {
  const rows = ['aggregate', 'close'].flatMap((call) =>
    TWINNED_IDS.map((reducer) => {
      const costs = TWIN_SIZES.map((n) => figure(gas[`${call}, ${reducer}`]?.[n] ?? Number.NaN))
      return line([`\`${call}\` of \`${reducer}\``, ...costs])
    }),
  )
  const head = TWIN_SIZES.map((n) => `n = ${n}`)
  return line(['Call', ...head]) + line(['---', ...TWIN_SIZES.map(() => '---:')]) + rows.join('')
}

/** Gas per member and transition of batches that all sign. */
function part(name: string, gas: number, size: number): string {
  const heights = /^checkpoint, (\d+) heights, all sign$/.exec(name)?.[1]
  if (heights === undefined) return ''
  const transitions = (SIZES[size] ?? 0) * Number(heights) * MEMBER_TRANSITIONS_PER_HEIGHT
  return ` (${(gas / transitions).toFixed(1)})`
}

/** The parts of f(n, heights, R), and what they come to. */
function taskTable(snapshot: Snapshot): string {
  const costs = SIZES.map((n) => ({ n, cost: taskCost(snapshot, n) }))
  const row = (name: string, of: (one: (typeof costs)[number]) => number): string =>
    line([name, ...costs.map((one) => figure(Math.round(of(one))))])
  const lives = LIVES.map(({ heights, epochHeights }) =>
    row(`${figure(heights)} heights, R = ${epochHeights}`, ({ n, cost }) =>
      lifeCost(cost, n, heights, epochHeights),
    ),
  )
  return (
    line(['Part', ...HEAD]) +
    line(['---', ...RIGHT]) +
    row('once: publish, form, finalize, the client’s claim', ({ cost }) => cost.once) +
    row('per member: join, claim, release', ({ cost }) => cost.perMember) +
    row('per checkpoint', ({ cost }) => cost.perCheckpoint) +
    row('per height', ({ cost }) => cost.perHeight) +
    lives.join('')
  )
}

function proofTable(snapshot: Snapshot): string {
  const head = ['Kind', 'Evidence', 'Check', ...HEAD, 'Base share']
  const rows = PROOFS.map(({ kind, evidence, check, cost, penalties }) =>
    line([
      kind,
      evidence,
      check,
      ...costsOf(snapshot, cost).map(figure),
      penaltyText(Object.entries(penalties).map(([of, name]) => [of, snapshot.penalties[name]!])),
    ]),
  )
  return line(head) + line(['---', '---', '---', ...RIGHT, '---']) + rows.join('')
}

/** `SHARE, CONFIRM 100 %, HELLO 5 %; c` */
function penaltyText(penalties: readonly (readonly [of: string, penalty: Penalty])[]): string {
  const percents = [...new Set(penalties.map(([, { percent }]) => percent))]
  const shares = percents.map((percent) => {
    const of = penalties.filter(([, penalty]) => penalty.percent === percent).map(([name]) => name)
    return percents.length === 1 ? `${percent} %` : `${of.join(', ')} ${percent} %`
  })
  const correlated = new Set(penalties.map(([, penalty]) => penalty.correlated))
  if (penalties.length === 0) return '–'
  if (correlated.size !== 1) throw new Error('one row for different penalties')
  return [shares.join(', '), ...(correlated.has(true) ? ['c'] : [])].join('; ')
}

/** `claim, client` is a case of `claim`. */
export const functionOf = (name: string): string => /^\w+/.exec(name)?.[0] ?? ''
