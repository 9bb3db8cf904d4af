/**
 * Writes test/vectors/objects.json, roots.json, reducers.json and evidence.json: what TypeScript and Solidity must both
 * compute.
 *
 * Computed a second way, by ethers' own EIP-712 and packing from the type lines in docs/decisions.md, so that a slip in
 * src/codec shows instead of being copied. Run after a change of the formats: npm run vectors
 *
 * Longer than other files: it is one list of cases in the order of docs/decisions.md.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import {
  AbiCoder,
  concat,
  keccak256,
  solidityPacked,
  solidityPackedKeccak256,
  toBeHex,
  TypedDataEncoder,
  zeroPadValue,
} from 'ethers'
import { evidenceVectors } from './vectors/evidence.ts'
import { address, bitmap, digest, domain, fullDomain, NIL, typeFields } from './vectors/formats.ts'

const FOLDER = new URL('../test/vectors/', import.meta.url)
const ONES = `0x${'ff'.repeat(32)}`
const U32_MAX = 2 ** 32 - 1
const I32_MAX = 2 ** 31 - 1
/** The largest u64 that the program uses: heights and sequence numbers are JSON numbers. */
const SAFE_MAX = Number.MAX_SAFE_INTEGER

const clusters = [digest('cluster 1'), digest('cluster 2'), NIL, ONES]

type Fields = Readonly<Record<string, string | number>>
const some = (label: string): string => digest(`field ${label}`)

const OBJECTS: readonly (readonly [type: string, fields: Fields])[] = [
  [
    'Hello',
    { height: 1, round: 0, value: NIL, inputsRoot: some('a'), inputs: bitmap(0b1111n), validRound: -1 },
  ],
  [
    'Hello',
    {
      height: 42,
      round: 7,
      value: some('b'),
      inputsRoot: some('c'),
      inputs: bitmap(0b1010101n),
      validRound: 6,
    },
  ],
  ['Hello', { height: 0, round: 0, value: NIL, inputsRoot: NIL, inputs: bitmap(0n), validRound: -1 }],
  [
    'Hello',
    { height: SAFE_MAX, round: U32_MAX, value: ONES, inputsRoot: ONES, inputs: ONES, validRound: I32_MAX },
  ],
  ['Status', { height: 1, parent: some('m'), stateHash: some('d'), eventSeq: 0 }],
  ['Status', { height: 100, parent: some('n'), stateHash: some('e'), eventSeq: 17 }],
  ['Status', { height: 0, parent: NIL, stateHash: NIL, eventSeq: 0 }],
  ['Status', { height: SAFE_MAX, parent: ONES, stateHash: ONES, eventSeq: SAFE_MAX }],
  [
    'Share',
    {
      height: 1,
      round: 0,
      parent: some('o'),
      stateHash: some('f'),
      inputsRoot: some('g'),
      inputs: bitmap(0b11111n),
      eventSeq: 3,
      eventsHash: some('q'),
      validRound: -1,
    },
  ],
  [
    'Share',
    {
      height: 9,
      round: 4,
      parent: some('p'),
      stateHash: some('h'),
      inputsRoot: some('i'),
      inputs: bitmap(0b10111n),
      eventSeq: 5,
      eventsHash: some('r'),
      validRound: 2,
    },
  ],
  [
    'Share',
    {
      ...{ height: 9, round: 5, parent: NIL, stateHash: NIL, inputsRoot: NIL, inputs: bitmap(0n) },
      ...{ eventSeq: 0, eventsHash: NIL, validRound: -1 },
    },
  ],
  [
    'Share',
    {
      height: SAFE_MAX,
      round: U32_MAX,
      parent: ONES,
      stateHash: ONES,
      inputsRoot: ONES,
      inputs: ONES,
      eventSeq: SAFE_MAX,
      eventsHash: ONES,
      validRound: I32_MAX,
    },
  ],
  ['Confirm', { height: 1, round: 0, value: some('j') }],
  ['Confirm', { height: 2, round: 3, value: NIL }],
  ['Confirm', { height: SAFE_MAX, round: U32_MAX, value: ONES }],
  ['Checkpoint', { height: 20, root: some('k'), logSeq: 80, logHead: some('l'), inputsHash: some('m') }],
  ['Checkpoint', { height: 0, root: NIL, logSeq: 0, logHead: NIL, inputsHash: NIL }],
  ['Checkpoint', { height: SAFE_MAX, root: ONES, logSeq: SAFE_MAX, logHead: ONES, inputsHash: ONES }],
  ['Close', {}],
]

function objectVectors(): object {
  const cases = OBJECTS.flatMap(([name, object], i) => {
    const types = { [name]: typeFields(name) }
    // every cluster for CLOSE, which has nothing else to vary
    return (name === 'Close' ? clusters : [clusters[i % clusters.length] ?? NIL]).map((cluster) => {
      const message = { cluster, ...object }
      return {
        type: name.toLowerCase(),
        cluster,
        object,
        hashStruct: TypedDataEncoder.hashStruct(name, types, message),
        digest: TypedDataEncoder.hash(fullDomain, types, message),
      }
    })
  })
  return { domain, separator: TypedDataEncoder.hashDomain(fullDomain), cases }
}

interface VectorMember {
  readonly key: string
  readonly operator: string
  readonly weight: number
}

function snapshotOf(members: readonly VectorMember[]): {
  members: readonly VectorMember[]
  encoded: string
  hash: string
} {
  const encoded = concat(
    members.map(({ key, operator, weight }) =>
      solidityPacked(['address', 'address', 'uint16'], [key, operator, weight]),
    ),
  )
  return { members, encoded, hash: keccak256(encoded) }
}

function clusterOf(taskId: bigint, paramsHash: string, snapshotHash: string, seed: string): object {
  const types = ['uint256', 'bytes32', 'bytes32', 'bytes32']
  const encoded = AbiCoder.defaultAbiCoder().encode(types, [taskId, paramsHash, snapshotHash, seed])
  return { taskId: taskId.toString(), paramsHash, snapshotHash, seed, cluster: keccak256(encoded) }
}

function termsOf(
  chainId: bigint,
  board: string,
  taskId: bigint,
  client: string,
  paramsHash: string,
  twinCodeHash: string,
): object {
  const words = [toBeHex(chainId, 32), zeroPadValue(board, 32), toBeHex(taskId, 32), zeroPadValue(client, 32)]
  const termsHash = keccak256(concat([...words, paramsHash, twinCodeHash]))
  return {
    chainId: chainId.toString(),
    board,
    taskId: taskId.toString(),
    client,
    paramsHash,
    twinCodeHash,
    termsHash,
  }
}

function inputsRootOf(members: readonly number[], label: string): object {
  const inputs = bitmap(members.reduce((sum, member) => sum + 2n ** BigInt(member), 0n))
  const hashes = members.map((member) => some(`${label} ${member}`))
  const root = solidityPackedKeccak256(['uint256', ...hashes.map(() => 'bytes32')], [inputs, ...hashes])
  return { inputs, hashes, root }
}

function valueOf(
  stateHash: string,
  inputsRoot: string,
  list: bigint,
  eventSeq: number,
  eventsHash: string,
): object {
  const content = { stateHash, inputsRoot, inputs: bitmap(list), eventSeq, eventsHash }
  const layout = ['bytes32', 'bytes32', 'uint256', 'uint64', 'bytes32']
  return { ...content, value: solidityPackedKeccak256(layout, Object.values(content)) }
}

function eventsOf(events: readonly (readonly [kind: number, originator: string, data: string])[]): object {
  const hashes: string[] = []
  for (const [kind, originator, data] of events) {
    const layout = ['bytes32', 'uint8', 'address', 'bytes32']
    hashes.push(solidityPackedKeccak256(layout, [hashes.at(-1) ?? NIL, kind, originator, keccak256(data)]))
  }
  return { events: events.map(([kind, originator, data]) => ({ kind, originator, data })), hashes }
}

function rootOf(cluster: string, values: readonly string[]): object {
  const start = solidityPackedKeccak256(['string', 'bytes32'], ['RSDP3.root', cluster])
  const root = values.reduce(
    (head, value) => solidityPackedKeccak256(['bytes32', 'bytes32'], [head, value]),
    start,
  )
  return { cluster, values, root }
}

const STATUSES = ['INITIAL', 'DEBATE', 'IDLE', 'SHARE', 'CLOSE']
const EVENTS = ['', 't1', 't2', 't3', 't4', 't5', 't6', 't7', 'RESET']
type Step = readonly [from: string, event: string, to: string, height: number, round: number, value: string]

function logOf(cluster: string, epoch: number, steps: readonly Step[], firstSeq = 1): object {
  const entries = steps.map(([from, event, to, height, round, value], i) => ({
    seq: firstSeq + i,
    from,
    event,
    to,
    numbers: [STATUSES.indexOf(from), EVENTS.indexOf(event), STATUSES.indexOf(to)],
    height,
    round,
    value,
  }))
  const layout = ['uint64', 'uint8', 'uint8', 'uint8', 'uint64', 'uint32', 'bytes32']
  const encoded = entries.map((entry) =>
    solidityPacked(layout, [entry.seq, ...entry.numbers, entry.height, entry.round, entry.value]),
  )
  const start = solidityPackedKeccak256(['string', 'bytes32', 'uint64'], ['RSDP3.log', cluster, epoch])
  return {
    cluster,
    epoch,
    entries,
    encoded,
    head: encoded.reduce((head, entry) => keccak256(concat([head, entry])), start),
  }
}

/** The undisturbed first height, one with a NIL round, one that ends the task, and every event with the largest numbers. */
function logVectors(): object[] {
  const [one, two] = [some('value 1'), some('value 2')]
  const height = (h: number, first: Step, value: string): Step[] => [
    first,
    ['DEBATE', 't2', 'IDLE', h, first[4], value],
    ['IDLE', 't4', 'SHARE', h, first[4], value],
    ['SHARE', 't6', 'IDLE', h, first[4], value],
  ]
  const opening: Step = ['INITIAL', 't1', 'DEBATE', 1, 0, NIL]
  const closing: Step[] = [
    ['IDLE', 't5', 'CLOSE', 2, 1, two],
    ['CLOSE', 't7', 'INITIAL', 2, 1, two],
  ]
  const all = EVENTS.slice(1).map((event, i): Step => [
    STATUSES[i % 5] ?? '',
    event,
    STATUSES[(i + 2) % 5] ?? '',
    SAFE_MAX,
    U32_MAX,
    ONES,
  ])
  return [
    logOf(clusters[0] ?? '', 0, []),
    logOf(clusters[0] ?? '', 0, height(1, opening, one)),
    logOf(clusters[1] ?? '', 0, [
      ...height(1, opening, one),
      ...height(2, ['IDLE', 't3', 'DEBATE', 2, 0, one], NIL),
      ...height(2, ['IDLE', 't3', 'DEBATE', 2, 1, one], two),
      ...closing,
    ]),
    logOf(clusters[1] ?? '', 7, height(141, ['IDLE', 't3', 'DEBATE', 141, 0, one], two)),
    logOf(ONES, SAFE_MAX, all, SAFE_MAX - all.length + 1),
  ]
}

function registerOf(chainId: bigint, registry: string, operator: string, key: string): object {
  const types = {
    Register: [
      { type: 'address', name: 'operator' },
      { type: 'address', name: 'key' },
    ],
  }
  const signed = TypedDataEncoder.hash(
    { name: 'RSDP', version: '3', chainId, verifyingContract: registry },
    types,
    { operator, key },
  )
  return { chainId: chainId.toString(), registry, operator, key, digest: signed }
}

function rootVectors(): object {
  const member = (i: number): VectorMember => ({
    key: address(`key ${i}`),
    operator: address(`operator ${i}`),
    weight: 1 + ((i * 7) % 5),
  })
  const four = snapshotOf([0, 1, 2, 3].map(member))
  const most = snapshotOf(Array.from({ length: 31 }, (_, i) => ({ ...member(i), weight: 65_535 })))
  const zero = `0x${'00'.repeat(20)}`
  return {
    snapshot: [four, most],
    clusters: [
      clusterOf(1n, some('params'), four.hash, some('seed')),
      clusterOf(2n ** 256n - 1n, ONES, most.hash, ONES),
      clusterOf(0n, NIL, NIL, NIL),
    ],
    terms: [
      termsOf(31337n, address('board'), 1n, address('client'), some('params'), NIL),
      termsOf(1n, address('board'), 2n, address('client'), some('params'), some('twin')),
      termsOf(1n, address('board'), 2n, address('denied'), some('params'), some('twin')),
      termsOf(2n ** 64n - 1n, zero, 2n ** 256n - 1n, zero, ONES, ONES),
    ],
    inputsRoot: [
      inputsRootOf([0, 1, 2, 3], 'all of four'),
      inputsRootOf([0, 2, 3], 'without one'),
      inputsRootOf([30], 'last seat'),
      inputsRootOf(
        Array.from({ length: 31 }, (_, i) => i),
        'all of 31',
      ),
      inputsRootOf([], 'none'),
    ],
    values: [
      valueOf(some('state'), some('inputs'), 0b1111n, 0, NIL),
      valueOf(some('state'), some('inputs'), 0b1011n, 1, some('events')),
      valueOf(some('state'), some('inputs'), 2n ** 127n, 1, some('events')),
      valueOf(ONES, ONES, 2n ** 256n - 1n, SAFE_MAX, ONES),
      valueOf(NIL, NIL, 0n, 0, NIL),
    ],
    events: [
      eventsOf([]),
      eventsOf([
        [0, address('client'), '0x'],
        [0, address('reporter'), '0x0102030405060708'],
        [1, zero, '0x030164'],
        [0, address('client'), `0x${'ab'.repeat(1024)}`],
      ]),
    ],
    roots: [
      rootOf(clusters[0] ?? '', []),
      rootOf(clusters[0] ?? '', [some('value 1')]),
      rootOf(clusters[1] ?? '', [some('value 1'), some('value 2'), some('value 3')]),
      rootOf(ONES, [ONES, NIL]),
    ],
    logs: logVectors(),
    register: [
      registerOf(31337n, address('registry'), address('operator 0'), address('key 0')),
      registerOf(2n ** 256n - 1n, toBeHex(2n ** 160n - 1n), toBeHex(2n ** 160n - 1n), address('key 1')),
      registerOf(1n, zero, zero, zero),
    ],
  }
}

/** An aggregate that was worked out by hand; rows are [member, …fields]. */
interface ReducerCase {
  readonly reducer: string
  readonly name: string
  readonly params: string
  readonly seed: string
  /** Field types of a row after the member. */
  readonly layout: readonly string[]
  /** What stands before the rows, in an input and in the aggregate. */
  readonly before: (member: number) => string
  readonly head: string
  readonly events?: readonly string[]
  /** By member: what it brings, and what the aggregate says of it. */
  readonly rows: readonly (readonly [
    member: number,
    brought: readonly unknown[],
    result: readonly unknown[],
  ])[]
  /** What is left when some leave, by member; absent: nobody leaves, which changes nothing. */
  readonly closed?: {
    readonly head: string
    readonly rows: readonly (readonly [member: number, result: readonly unknown[]])[]
  }
}

function reducerVector(one: ReducerCase): object {
  const { reducer, name, params, seed, layout, before, head, events = [], rows } = one
  const row = (member: number, fields: readonly unknown[]): string =>
    solidityPacked(['uint8', ...layout], [member, ...fields])
  const result = (before: string, list: readonly (readonly [number, readonly unknown[]])[]): string =>
    concat([before, toBeHex(list.length, 1), ...list.map(([member, fields]) => row(member, fields))])
  const aggregate = rows.map(([member, , fields]) => [member, fields] as const)
  const { closed = { head, rows: aggregate } } = one
  return {
    reducer,
    name,
    params,
    seed,
    inputs: rows.map(([member, brought]) => ({
      member,
      state: concat([before(member), '0x01', row(0, brought)]),
    })),
    events,
    state: result(head, aggregate),
    remaining: closed.rows.map(([member]) => member),
    closed: result(closed.head, closed.rows),
  }
}

const seed = some('seed')
const [a, b] = [some('choice a'), some('choice b')]
const least = (x: string, y: string): string =>
  keccak256(concat([seed, x])) < keccak256(concat([seed, y])) ? x : y
const zeros = (bytes: number): string => `0x${'00'.repeat(bytes)}`
const u64 = (value: bigint): string => toBeHex(value, 8)
const U64_MAX = 2n ** 64n - 1n
const rate = { reducer: 'rate-limit@1', seed, layout: ['uint64', 'uint64'], before: () => zeros(8) }
const popular = {
  reducer: 'popular-value@1',
  seed,
  params: '0x',
  layout: ['bytes32'],
  before: () => zeros(65),
}
const observed = { reducer: 'median@1', seed, layout: ['int128'], before: () => zeros(16) }
const all = concat([toBeHex(2n ** 127n, 16), toBeHex(2n ** 127n - 1n, 16)])
const weighted = {
  reducer: 'weighted-vote@1',
  seed,
  layout: ['bytes32', 'uint64'],
  before: () => zeros(72),
}
const anyWeight = concat([u64(1n), u64(U64_MAX)])
const slots = { reducer: 'time-slots@1', seed, layout: ['uint64', 'uint64'] }
const period = (value: bigint) => () => concat([zeros(32), u64(value), '0x00'])
const rank = (value: bigint, member: number): string =>
  solidityPackedKeccak256(['bytes32', 'uint64', 'uint8'], [seed, value, member])
const zeroFirst = rank(9n, 0) < rank(9n, 1)
/** Hand-made aggregates of every stock reducer, without and with ties, up to the largest numbers. */
const REDUCER_CASES: readonly ReducerCase[] = [
  {
    ...rate,
    name: 'one wants little',
    params: concat([u64(10n), u64(99n)]),
    head: u64(10n),
    rows: [
      [1, [2, 0], [2, 2]],
      [4, [9, 0], [9, 4]],
      [6, [9, 0], [9, 4]],
    ],
    closed: {
      head: u64(10n),
      rows: [
        [4, [9, 5]],
        [6, [9, 5]],
      ],
    },
  },
  {
    ...rate,
    name: 'the last event of 8 bytes sets the budget',
    params: concat([u64(10n), u64(U64_MAX)]),
    head: u64(7n),
    events: [u64(99n), u64(7n), '0xff'],
    rows: [
      [0, [U64_MAX, 0], [U64_MAX, 4]],
      [127, [U64_MAX, 0], [U64_MAX, 3]],
    ],
  },
  {
    ...popular,
    name: 'most frequent',
    head: concat([seed, b, '0x02']),
    rows: [
      [0, [a], [a]],
      [1, [b], [b]],
      [7, [b], [b]],
    ],
    closed: {
      head: concat([seed, least(a, b), '0x01']),
      rows: [
        [0, [a]],
        [1, [b]],
      ],
    },
  },
  {
    ...popular,
    name: 'tie',
    head: concat([seed, least(a, b), '0x01']),
    rows: [
      [0, [a], [a]],
      [1, [b], [b]],
    ],
  },
  { ...popular, name: 'nobody', head: concat([seed, NIL, '0x00']), rows: [] },
  {
    ...observed,
    name: 'lower of two in the middle',
    params: all,
    head: toBeHex(2n ** 128n - 5n, 16),
    rows: [
      [0, [7], [7]],
      [1, [-5], [-5]],
      [2, [-(2n ** 127n)], [-(2n ** 127n)]],
      [3, [2n ** 127n - 1n], [2n ** 127n - 1n]],
    ],
    closed: {
      head: toBeHex(7n, 16),
      rows: [
        [0, [7]],
        [2, [-(2n ** 127n)]],
        [3, [2n ** 127n - 1n]],
      ],
    },
  },
  {
    ...weighted,
    name: 'heaviest, share rounded down',
    params: anyWeight,
    head: concat([seed, b, u64(555_555_555_555_555_555n)]),
    rows: [
      [0, [a, 2], [a, 2]],
      [1, [a, 2], [a, 2]],
      [3, [b, 5], [b, 5]],
    ],
    closed: {
      head: concat([seed, a, u64(10n ** 18n)]),
      rows: [
        [0, [a, 2]],
        [1, [a, 2]],
      ],
    },
  },
  {
    ...weighted,
    name: 'tie of the largest weights',
    params: anyWeight,
    head: concat([seed, least(a, b), u64(5n * 10n ** 17n)]),
    rows: [
      [0, [a, U64_MAX], [a, U64_MAX]],
      [1, [b, U64_MAX], [b, U64_MAX]],
    ],
  },
  {
    ...slots,
    name: 'a slot is handed on to who wants no other',
    params: '0x02',
    before: period(9n),
    head: concat([seed, u64(9n), '0x02']),
    rows: [
      [0, [3, 0], [3, 2]],
      [1, [1, 0], [1, 1]],
    ],
    closed: { head: concat([seed, u64(9n), '0x02']), rows: [[0, [3, 3]]] },
  },
  {
    ...slots,
    name: 'a tie goes to the first by seed',
    params: '0x01',
    before: period(9n),
    head: concat([seed, u64(9n), '0x01']),
    rows: [
      [0, [1, 0], [1, zeroFirst ? 1 : 0]],
      [1, [1, 0], [1, zeroFirst ? 0 : 1]],
    ],
  },
  {
    ...slots,
    name: 'lower median of the periods',
    params: '0x40',
    before: (member: number) => period(member === 0 ? U64_MAX : 4n)(),
    head: concat([seed, u64(4n), '0x40']),
    rows: [
      [0, [0, 0], [0, 0]],
      [2, [U64_MAX, 0], [U64_MAX, U64_MAX]],
    ],
  },
]

mkdirSync(FOLDER, { recursive: true })
for (const [name, vectors] of [
  ['objects', objectVectors()],
  ['roots', rootVectors()],
  ['reducers', REDUCER_CASES.map(reducerVector)],
  ['evidence', evidenceVectors()],
] as const) {
  const file = new URL(`${name}.json`, FOLDER)
  writeFileSync(file, `${JSON.stringify(vectors, null, 2)}\n`)
  console.log(`test/vectors/${name}.json`)
}
