import type { Digest } from '../../../types/ids.ts'
import type { PageLog } from './page-log.ts'

/**
 * What answers of several endpoints come to. Pure: no request is made here.
 */

/** What one endpoint says of a page. */
export interface Testimony {
  readonly name: string
  /** Of the page's last block. */
  readonly hash: Digest
  readonly logs: readonly PageLog[]
}

export interface Finding {
  readonly kind: 'fork' | 'logs'
  readonly text: string
}
/** By endpoint. */
export type Findings = ReadonlyMap<string, Finding>

/**
 * The block up to which endpoints are compared: a majority of three or more has it. Of two, that of the slower one, unless
 * it is more than `lagMax` blocks behind: then it is left behind.
 */
export function agreedHead(heads: readonly number[], lagMax: number): number {
  const sorted = heads.toSorted((a, b) => b - a)
  const [highest = 0, second = highest] = sorted
  if (sorted.length > 2) return sorted[Math.floor(sorted.length / 2)] ?? highest
  return highest - second <= lagMax ? second : highest
}

export type HistoryVerdict =
  /** The node's history stands; these endpoints show another. */
  | { readonly kind: 'kept'; readonly forked: readonly string[] }
  /** Endpoints agree on another history. */
  | { readonly kind: 'gone'; readonly hash: Digest }
  /** Too few endpoints agree on any. */
  | { readonly kind: 'split' }

/**
 * Whether the block that a node has read last is still in the chain. The node's own memory counts as one voice; a node with
 * one endpoint has nobody else to ask.
 *
 * @param seen hash of that block by endpoint
 * @param configured number of endpoints, answering or not
 */
export function judgeHistory(
  own: Digest,
  seen: ReadonlyMap<string, Digest>,
  configured: number,
): HistoryVerdict {
  const groups = groupBy(seen)
  const keeping = groups.get(own) ?? []
  const others = [...groups].filter(([hash]) => hash !== own).sort(([, a], [, b]) => b.length - a.length)
  const [largest] = others
  if (largest === undefined) return { kind: 'kept', forked: [] }
  const [hash, names] = largest
  if (keeping.length > 0 && keeping.length + 1 > names.length)
    return { kind: 'kept', forked: others.flatMap(([, forked]) => forked) }
  if (configured === 1 || names.length > keeping.length + 1) return { kind: 'gone', hash }
  return { kind: 'split' }
}

export type PageVerdict =
  /** `findings`: what is wrong with whom. */
  | {
      readonly kind: 'agreed'
      readonly hash: Digest
      readonly logs: readonly PageLog[]
      readonly findings: Findings
    }
  /** Endpoints with the same block give different logs of these blocks. */
  | { readonly kind: 'disputed'; readonly hash: Digest; readonly blocks: readonly number[] }
  /** No hash of the page's last block has a majority. */
  | { readonly kind: 'split'; readonly hashes: ReadonlyMap<string, Digest> }

/**
 * What a page is, from what endpoints say of it. A block's logs are those that all give who have the page's last block;
 * where they differ, those that its receipts prove, else those of a majority.
 *
 * @param proofs logs of blocks, by proof
 * @param unprovable blocks whose receipts nobody could prove
 */
export function judgePage(
  testimonies: readonly Testimony[],
  proofs: ReadonlyMap<number, readonly PageLog[]> = new Map(),
  unprovable: ReadonlySet<number> = new Set(),
): PageVerdict {
  const hashes = new Map(testimonies.map(({ name, hash }) => [name, hash]))
  const hash = majority([...groupBy(hashes)], testimonies.length)
  if (hash === null) return { kind: 'split', hashes }
  const findings = new Map<string, Finding>()
  for (const [name, other] of hashes)
    if (other !== hash)
      findings.set(name, { kind: 'fork', text: `shows another history: ${other}, others ${hash}` })
  const group = testimonies.filter((one) => one.hash === hash)
  const logs: PageLog[] = []
  const disputed: number[] = []
  for (const block of blocksOf(group, proofs)) {
    const answers = new Map(group.map(({ name, logs: all }) => [name, told(all, block)]))
    const variants = [...groupBy(answers)]
    const proof = proofs.get(block)
    const truth =
      proof === undefined
        ? variants.length === 1 || unprovable.has(block)
          ? majority(variants, group.length)
          : null
        : JSON.stringify(proof)
    if (truth === null) {
      disputed.push(block)
      continue
    }
    logs.push(...(JSON.parse(truth) as PageLog[]))
    for (const [name, answer] of answers)
      if (answer !== truth)
        findings.set(name, { kind: 'logs', text: lie(block, answer, truth, proof !== undefined) })
  }
  return disputed.length > 0
    ? { kind: 'disputed', hash, blocks: disputed }
    : { kind: 'agreed', hash, logs, findings }
}

function blocksOf(group: readonly Testimony[], proofs: ReadonlyMap<number, unknown>): number[] {
  const told = group.flatMap(({ logs }) => logs.map(({ blockNumber }) => blockNumber))
  return [...new Set([...told, ...proofs.keys()])].sort((a, b) => a - b)
}

const told = (logs: readonly PageLog[], block: number): string =>
  JSON.stringify(logs.filter(({ blockNumber }) => blockNumber === block))

function lie(block: number, answer: string, truth: string, isProved: boolean): string {
  const [given, right] = [answer, truth].map((text) => JSON.parse(text) as PageLog[])
  const by = isProved ? 'the block’s receipts' : 'most endpoints'
  const indices = new Set(right?.map(({ index }) => index))
  const missing = (right?.length ?? 0) - (given?.filter(({ index }) => indices.has(index)).length ?? 0)
  const invented = given?.filter(({ index }) => !indices.has(index)).length ?? 0
  const what =
    missing > 0 ? `leaves out ${missing} logs` : invented > 0 ? `adds ${invented} logs` : 'changes a log'
  return `${what} of block ${block}, by ${by}`
}

/** The value of more than half of all voices; null if there is none. */
function majority<T>(groups: readonly (readonly [T, readonly string[]])[], voices: number): T | null {
  return groups.find(([, names]) => 2 * names.length > voices)?.[0] ?? null
}

function groupBy<T>(values: ReadonlyMap<string, T>): Map<T, string[]> {
  const groups = new Map<T, string[]>()
  for (const [name, value] of values) groups.set(value, [...(groups.get(value) ?? []), name])
  return groups
}
