import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { DEMO_LIMIT_HEX } from '../../demo/budget.ts'
import { createKeyring } from '../../adapters/keys/keyring.ts'
import { peerIdFromPublicKey, privateKeyFromBytes } from '../../adapters/libp2p/identity.ts'
import { writeWholeFile } from '../../adapters/system/write-file.ts'
import { keccak } from '../../codec/hex.ts'
import type { Domain } from '../../codec/objects.ts'
import { clusterId, encodeSnapshot } from '../../codec/roots.ts'
import { rateLimit } from '../../reducers/rate-limit.ts'
import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import { stateBytes } from '../demo/rate-limit-task.ts'
import type { Cluster } from '../../types/cluster.ts'
import { MEMBERS_MAX } from '../../types/ids.ts'
import type { Address, Hex } from '../../types/ids.ts'
import type { HeldPort } from './ports.ts'
import { localPlace, NODE_NAMES, nodeKey } from './register-nodes.ts'

const address = z.string().regex(/^0x[0-9a-f]{40}$/) as unknown as z.ZodType<Address>
const hex = z.string().regex(/^0x([0-9a-f]{2})*$/) as unknown as z.ZodType<Hex>
const bytes = z
  .int()
  .min(1)
  .max(31 * 1024)
const ticks = z.int().min(1).max(100_000)

/** What the members of a private cluster agree on before they start, by having the same file. */
const schema = z.strictObject({
  profile: z.literal('paper'),
  selection: z.enum(['popular', 'weighted', 'merge']),
  /** `slots`, `asynchronous`, or a cron expression. */
  schedule: z.string().min(1),
  tickMs: z.int().min(5).max(10_000),
  debateTicks: ticks,
  shareTicks: ticks,
  slotTicks: ticks,
  stateCap: bytes,
  inputCap: bytes,
  reducer: z.string(),
  reducerParams: hex,
  members: z
    .array(
      z.strictObject({ key: address, weight: z.int().min(1).max(65_535), addresses: z.array(z.string()) }),
    )
    .min(2)
    .max(MEMBERS_MAX),
})

export type PrivateSettings = z.infer<typeof schema>

export interface PrivateCluster {
  readonly settings: PrivateSettings
  readonly cluster: Cluster
  /** No contract verifies these signatures: the domain names none, and is the membership file's own. */
  readonly domain: Domain
}

/** Reads a membership file. Its very bytes are in every signature: members with another file do not understand us. */
export async function readPrivateCluster(path: string): Promise<PrivateCluster> {
  const refuse = (cause: unknown): RsdpError =>
    new RsdpError({
      code: 'E_MEMBERS',
      message: `${path} is not a membership file`,
      hint: 'rsdp dev --profile paper --no-chain writes one: give every member the same',
      exit: EXIT.precondition,
      cause,
    })
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw refuse(cause)
  })
  let settings: PrivateSettings
  try {
    settings = schema.parse(JSON.parse(bytes.toString('utf8')))
  } catch (cause) {
    throw refuse(cause)
  }
  const digest = keccak(bytes)
  const members = settings.members.map(({ key, weight }, index) => ({ index, key, operator: key, weight }))
  const cluster: Cluster = {
    id: clusterId(0n, digest, encodeSnapshot(members), digest),
    seed: digest,
    members,
    totalWeight: members.reduce((sum, { weight }) => sum + weight, 0),
  }
  return {
    settings,
    cluster,
    domain: { chainId: 0n, verifyingContract: `0x${'00'.repeat(20)}`, salt: digest },
  }
}

export interface PrivateMember {
  readonly name: string
  readonly key: Address
  readonly dataDir: string
  readonly listen: string
  readonly hold: HeldPort
}

/** Makes keys for `count` members on this machine, and the membership file. */
export async function makePrivateCluster(
  count: number,
  dataDir: string,
  rules: Pick<PrivateSettings, 'selection' | 'schedule'>,
): Promise<{ readonly file: string; readonly members: readonly PrivateMember[] }> {
  const members: PrivateMember[] = []
  const listed: PrivateSettings['members'] = []
  for (let i = 0; i < count; i += 1) {
    const name = NODE_NAMES[i] ?? `node${String(i)}`
    const home = join(dataDir, name)
    const privateKey = await nodeKey(home)
    const key = createKeyring(privateKey).address
    const { listen, hold } = await localPlace()
    const peerId = peerIdFromPublicKey(privateKeyFromBytes(privateKey).publicKey.raw).toString()
    members.push({ name, key, dataDir: home, listen, hold })
    listed.push({ key, weight: 1, addresses: [`${listen}/p2p/${peerId}`] })
  }
  const settings: PrivateSettings = {
    profile: 'paper',
    ...rules,
    tickMs: 50,
    debateTicks: 20,
    shareTicks: 20,
    slotTicks: 30,
    stateCap: stateBytes(count),
    inputCap: stateBytes(1),
    reducer: rateLimit.id,
    reducerParams: DEMO_LIMIT_HEX,
    members: listed,
  }
  const file = join(dataDir, 'members.json')
  writeWholeFile(file, `${JSON.stringify(settings, null, 2)}\n`, { replace: true })
  return { file, members }
}
