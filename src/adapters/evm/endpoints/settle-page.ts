import { invariant, RsdpError } from '../../../types/errors.ts'
import { bloomHas } from './bloom.ts'
import type { Endpoint, ShownBlock } from './endpoint.ts'
import { forkError, logsError } from './faults.ts'
import type { Findings } from './judge.ts'
import { judgePage } from './judge.ts'
import type { LogFilter, PageLog } from './page-log.ts'

/** Headers asked for at a time. */
const PARALLEL = 8
/** Most disputed blocks of a page that are looked into; the page ends before the next. */
const DISPUTED_MAX = 16

/** Contracts and their events: an address with a topic of another contract is no event. */
export interface EventFilter extends LogFilter {
  readonly pairs: readonly (readonly [address: `0x${string}`, topic: `0x${string}`])[]
}

/** What one endpoint gives of a page. */
export interface Witness {
  readonly endpoint: Endpoint
  readonly logs: readonly PageLog[]
  /** The page's last. */
  readonly last: ShownBlock
}

export interface SettledPage {
  readonly logs: readonly PageLog[]
  readonly last: ShownBlock
  readonly findings: Findings
}

/**
 * Settles what a page is. Where witnesses differ, the receipts of the block decide; close to the head, the bloom filter of
 * every block has to fit its logs, or the receipts decide. Further down it has to, until the endpoint has shown that its index of
 * logs is there.
 *
 * @param indexFrom first block in which the index of logs is looked for
 * @param nearFrom first block whose filter is looked at in any case
 * @throws RsdpError E_RPC_FORK, E_RPC_LOGS, E_RPC_… of an endpoint
 */
export async function settlePage(
  filter: EventFilter,
  given: readonly Witness[],
  indexFrom: number,
  nearFrom: number,
): Promise<SettledPage> {
  let witnesses = given
  const proofs = new Map<number, readonly PageLog[]>()
  const unprovable = new Set<number>()
  let isChecked = false
  while (true) {
    const verdict = judgePage(witnesses.map(testimony), proofs, unprovable)
    const number = lastOf(witnesses)
    if (verdict.kind === 'split') throw forkError(number, verdict.hashes)
    const group = witnesses.filter(({ last }) => last.hash === verdict.hash)
    if (verdict.kind === 'disputed') {
      const open = verdict.blocks.filter((block) => !unprovable.has(block))
      const [block] = verdict.blocks
      if (open.length === 0) throw logsError(block ?? number, names(group), 'differ, and no receipts decide')
      const tooMany = open[DISPUTED_MAX]
      if (tooMany !== undefined) witnesses = await cutBefore(witnesses, tooMany)
      else
        for (const one of open) await prove(filter, group, await agreedBlock(group, one), proofs, unprovable)
      continue
    }
    const doubted = isChecked ? [] : await doubts(filter, group, { indexFrom, nearFrom }, verdict.logs)
    isChecked = true
    const open = doubted.filter((block) => !proofs.has(block.number))
    for (const block of open) {
      await prove(filter, group, block, proofs, unprovable)
      if (unprovable.has(block.number)) await requireByHash(filter, group, block, verdict.logs)
    }
    if (open.length > 0) continue
    const [witness] = group
    invariant(witness !== undefined, 'a majority is somebody')
    const { last } = witness
    return { logs: verdict.logs, last, findings: verdict.findings }
  }
}

const testimony = ({ endpoint: { name }, last: { hash }, logs }: Witness) => ({ name, hash, logs })
const names = (group: readonly Witness[]): string[] => group.map(({ endpoint }) => endpoint.name)

function lastOf([first]: readonly Witness[]): number {
  invariant(first !== undefined, 'a page has a witness')
  return first.last.number
}

/** The same page, ending before a block. */
function cutBefore(witnesses: readonly Witness[], block: number): Promise<Witness[]> {
  return Promise.all(
    witnesses.map(async ({ endpoint, logs }) => ({
      endpoint,
      logs: logs.filter(({ blockNumber }) => blockNumber < block),
      last: await endpoint.block(block - 1),
    })),
  )
}

/** A block on whose hash all agree who agree on a later one. @throws RsdpError E_RPC_FORK */
async function agreedBlock(group: readonly Witness[], number: number): Promise<ShownBlock> {
  const blocks = await Promise.all(group.map(({ endpoint }) => endpoint.block(number)))
  const [first] = blocks
  invariant(first !== undefined, 'a page has a witness')
  if (blocks.some(({ hash }) => hash !== first.hash))
    throw forkError(
      number,
      new Map(group.map(({ endpoint: { name } }, at) => [name, blocks[at]?.hash ?? first.hash])),
    )
  return blocks.find(({ receiptsRoot }) => receiptsRoot !== null) ?? first
}

/** Asks for the receipts of a block until somebody gives those that the header names. */
async function prove(
  filter: LogFilter,
  group: readonly Witness[],
  block: ShownBlock,
  proofs: Map<number, readonly PageLog[]>,
  unprovable: Set<number>,
): Promise<void> {
  for (const { endpoint } of group) {
    try {
      const logs = await endpoint.provenLogs(filter, block)
      if (logs === null) continue
      proofs.set(block.number, logs)
      return
    } catch (error) {
      // another one may have them
      if (!(error instanceof RsdpError)) throw error
    }
  }
  unprovable.add(block.number)
}

/** Blocks close to the head, and those above the index of the endpoint, whose bloom filter does not fit the logs. */
async function doubts(
  filter: EventFilter,
  [leader]: readonly Witness[],
  { indexFrom, nearFrom }: { readonly indexFrom: number; readonly nearFrom: number },
  logs: readonly PageLog[],
): Promise<ShownBlock[]> {
  invariant(leader !== undefined, 'a page has a witness')
  const { endpoint, last } = leader
  const near = last.number >= nearFrom ? [...(await blocksOf(endpoint, nearFrom, last.number - 1)), last] : []
  const to = Math.min(nearFrom - 1, last.number)
  const below = to < indexFrom ? [] : await aboveIndex(endpoint, near, { from: indexFrom, to }, logs)
  return [...below, ...near].filter((block) => !fits(filter, block, logs))
}

async function blocksOf(endpoint: Endpoint, from: number, to: number): Promise<ShownBlock[]> {
  const blocks: ShownBlock[] = []
  for (let first = from; first <= to; first += PARALLEL) {
    const count = Math.min(PARALLEL, to - first + 1)
    blocks.push(...(await Promise.all(Array.from({ length: count }, (_, at) => endpoint.block(first + at)))))
  }
  return blocks
}

/**
 * Blocks below those that are looked at in any case, down to one of which the endpoint gives logs: an index is built block after
 * block. Who asks for the logs of others, too, finds such a block soon; on a chain without any there is nothing to lose.
 */
async function aboveIndex(
  endpoint: Endpoint,
  near: readonly ShownBlock[],
  { from, to }: { readonly from: number; readonly to: number },
  logs: readonly PageLog[],
): Promise<ShownBlock[]> {
  const told = logs.reduce((highest, { blockNumber }) => Math.max(highest, blockNumber), 0)
  const isThere = async (block: ShownBlock | undefined): Promise<boolean> =>
    block !== undefined &&
    (block.number <= told || (hasLogs(block) && (await endpoint.hasLogs(block.number))))
  if (told > to || (await isThere(near.findLast(hasLogs)))) return []
  const found: ShownBlock[] = []
  for (let last = to; last >= from; last -= PARALLEL) {
    const blocks = await blocksOf(endpoint, Math.max(from, last - PARALLEL + 1), last)
    found.unshift(...blocks)
    if (await isThere(blocks.findLast((block) => block.number <= told || hasLogs(block)))) break
  }
  return found
}

const hasLogs = ({ bloom }: ShownBlock): boolean => bloom?.some((byte) => byte !== 0) ?? false

/** Whether logs are those of this very block, as far as its bloom filter tells. */
function fits(
  { pairs }: EventFilter,
  { number, hash, bloom }: ShownBlock,
  logs: readonly PageLog[],
): boolean {
  const own = logs.filter(({ blockNumber }) => blockNumber === number)
  if (own.some(({ blockHash }) => blockHash !== hash)) return false
  if (bloom === null) return true
  return pairs.every(([address, topic]) => {
    const isGiven = own.some((log) => log.address === address && log.topics[0] === topic)
    return isGiven === (bloomHas(bloom, address) && bloomHas(bloom, topic))
  })
}

/** Where receipts prove nothing, the endpoint has to say the same of the block by its hash. */
async function requireByHash(
  filter: LogFilter,
  [leader]: readonly Witness[],
  block: ShownBlock,
  logs: readonly PageLog[],
): Promise<void> {
  invariant(leader !== undefined, 'a page has a witness')
  const given = logs.filter(({ blockNumber }) => blockNumber === block.number)
  const again = await leader.endpoint.logsByHash(filter, block)
  if (JSON.stringify(again) === JSON.stringify(given)) return
  throw logsError(block.number, [leader.endpoint.name], 'do not fit the block’s bloom filter')
}
