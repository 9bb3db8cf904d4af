import { id } from 'ethers'
import { Random } from '../../../src/faults/random.ts'
import type { Digest } from '../../../src/types/ids.ts'
import type { AnchorOptions } from '../audit-chain.ts'
import { anchorTask } from '../audit-chain.ts'
import { RESET_HEIGHT, RESET_MEMBER } from '../audit-task.ts'
import { askRpc, corsRpc } from '../cors-rpc.ts'
import type { Told } from '../cors-rpc.ts'
import type { Asked } from './audits.ts'
import { byCommand, byDesk, byLibrary } from './audits.ts'
import type { Exchange, RecordedTask, Recording, Recordings } from './recording.ts'
import { keyOf } from './recording.ts'
import { startSteadyChain } from './steady-chain.ts'
import type { Tampering } from './tamper.ts'
import { TAMPERINGS, tampered } from './tamper.ts'

/** Recordings of each task: the honest one and these. */
const TAMPERED = 4
/** Blocks of a task's times are of no clock: the deployment file shall not be, either. */
const DEPLOYED_AT = '2030-01-01T00:00:00.000Z'

/** What members of a task do: a few tasks are large, or of liars. */
const MEMBERS: readonly (readonly [what: string, options: AnchorOptions])[] = [
  ['4 members, one reset, one silent at the end', {}],
  ['5 members', { members: 5 }],
  ['7 members', { members: 7 }],
  [
    'all attest an aggregate that their inputs do not give, at height 4',
    { twist: { state: (height, state) => (height === 4 ? spoilt(state) : state) } },
  ],
  [
    'member 2 signs a step that the table has not',
    {
      twist: {
        steps: (member, height, steps) =>
          member === RESET_MEMBER && height === RESET_HEIGHT
            ? steps.filter(({ event }) => event !== 't2')
            : steps,
      },
    },
  ],
  [
    'member 2 signs a log that falls back in rounds',
    {
      twist: {
        steps: (member, height, steps) =>
          member === RESET_MEMBER && height === RESET_HEIGHT
            ? steps.map((step, i) => (i === 0 ? { ...step, round: 2 } : step))
            : steps,
      },
    },
  ],
  ['the submitter replaces the hints', { twist: { hint: (height) => (height <= 4 ? 3 : 0) } }],
  ['the submitter leaves a note out', { twist: { note: () => null } }],
  ['4 members, for a reducer that nobody has', { params: { reducer: id('nobody@1') as Digest } }],
  ['6 members, each height worth more', { members: 6, params: { rewardPerHeight: 977n } }],
]
const spoilt = (state: Uint8Array): Uint8Array => state.map((byte, i) => (i === 7 ? byte ^ 9 : byte))

interface Made {
  readonly task: RecordedTask
  readonly list: readonly Recording[]
  readonly changes: readonly (readonly Exchange[])[]
}

/** Recordings of these seeds, five each. The same seeds give the same bytes as long as contracts and audit ask the same. */
export async function makeRecordings(
  seeds: readonly number[],
  say: (line: string) => void,
): Promise<Recordings> {
  const made = new Map<number, Made>()
  let other: RecordedTask | null = null
  for (const seed of seeds) {
    const one = await makeOne(seed, other)
    made.set(seed, one)
    other = one.task
    for (const { members, endpoint, verdict } of one.list) say(`${seed} ${members}; ${endpoint}: ${verdict}`)
  }
  return {
    list: [...made.values()].flatMap(({ list }) => list),
    tasks: Object.fromEntries([...made].map(([seed, { task }]) => [seed, task])),
    changes: [...made.values()].flatMap(({ changes }) => changes),
  }
}

async function makeOne(seed: number, before: RecordedTask | null): Promise<Made> {
  const random = new Random(seed)
  const [members, options] = MEMBERS[seed % MEMBERS.length]!
  const chain = await startSteadyChain()
  const nonce = id(`recording ${seed}`) as Digest
  const { net, taskId } = await anchorTask({ ...options, chain, nonce, isWhole: true })
  try {
    const latest = await askRpc(net.rpcUrl, 'eth_getBlockByNumber', ['latest', false])
    const { hash } = ('result' in latest ? latest.result : null) as { readonly hash: Digest }
    const deployment = { ...net.deployment, deployedAt: DEPLOYED_AT }
    const task = { deployment, taskId: String(taskId), head: hash }
    const source = { file: net.deploymentFile, rpcUrl: net.rpcUrl }
    const honest: Tampering = {
      endpoint: 'honest',
      isComplete: seed % 2 === 1,
      apply: (_m, _p, told) => told,
    }
    const plain = await record({ ...task, answers: [] }, source, { ...honest, isComplete: false })
    const whole = await record({ ...task, answers: [] }, source, { ...honest, isComplete: true })
    const answers = sorted([...plain.answers, ...whole.answers])
    const recorded = { ...task, answers }
    const facts = { task: recorded, other: before, random }
    const tamperings = Array.from({ length: TAMPERED }, (_, i) =>
      TAMPERINGS[(TAMPERED * (seed - 1) + i) % TAMPERINGS.length]!(facts),
    )
    const list: Recording[] = []
    const changes: Exchange[][] = []
    for (const tampering of [honest, ...tamperings]) {
      const found = await record(recorded, source, tampering)
      const { endpoint, isComplete } = tampering
      list.push({ seed, members, endpoint, isComplete, ...outcomeOf(found.json) })
      const known = new Set(answers.map((one) => JSON.stringify(one)))
      changes.push(sorted(found.answers).filter((one) => !known.has(JSON.stringify(one))))
    }
    return { task: recorded, list, changes }
  } finally {
    await net.close()
  }
}

/** Audits over an endpoint that tampers, and keeps what it has answered. */
async function record(
  task: RecordedTask,
  { file, rpcUrl }: Pick<Asked, 'file' | 'rpcUrl'>,
  tampering: Tampering,
): Promise<{ readonly json: string; readonly answers: Exchange[] }> {
  const answers = new Map<string, Exchange>()
  const known = new Map(task.answers.map(([method, params, told]) => [keyOf(method, params), told]))
  const endpoint = await corsRpc(async (_, method, params): Promise<Told> => {
    const key = keyOf(method, params)
    const told = tampered(tampering, method, params, known.get(key) ?? (await askRpc(rpcUrl, method, params)))
    answers.set(key, [method, params, told])
    return told
  })
  try {
    const asked: Asked = { task, file, rpcUrl: endpoint.url, isComplete: tampering.isComplete }
    const json = await byCommand(asked)
    for (const audit of [byLibrary, byDesk])
      if ((await audit(asked)) !== json) throw new Error(`${tampering.endpoint}: ${audit.name} differs`)
    return { json, answers: [...answers.values()] }
  } finally {
    await endpoint.close()
  }
}

/** By method and parameters: they were asked at the same time, in any order. */
function sorted(exchanges: readonly Exchange[]): Exchange[] {
  const byKey = new Map(exchanges.map((one) => [keyOf(one[0], one[1]), one]))
  return [...byKey].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one)
}

export function outcomeOf(json: string): Pick<Recording, 'verdict' | 'findings'> {
  const found = JSON.parse(json) as { code?: string; verdict: string; findings: { path: string }[] }
  if (found.code !== undefined) return { verdict: found.code, findings: [] }
  return { verdict: found.verdict, findings: found.findings.map(({ path }) => path) }
}
