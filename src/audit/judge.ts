import type { Digest } from '../types/ids.ts'
import type { Counts, Finding, StepKind, Unavailable, Verdict } from './report.ts'
import type { AbiValue } from '../ports/chain-history.ts'
import type { RecoverSigner } from '../ports/keyring.ts'

/** Height and member that a finding is about. */
export type About = Pick<Finding, 'height' | 'member'>

/** Collects what the checks find. One per audit. */
export class Judge {
  readonly findings: Finding[] = []
  readonly unavailable: Unavailable[] = []
  readonly counts: Counts = {
    transactions: 0,
    events: 0,
    signups: 0,
    registrationSignatures: 0,
    checkpoints: 0,
    checkpointSignatures: 0,
    heightsAttested: 0,
    transitionsSigned: 0,
    transitionsByEvent: { t1: 0, t2: 0, t3: 0, t4: 0, t5: 0, t6: 0, t7: 0, RESET: 0 },
    inputs: 0,
    aggregatesRecomputed: 0,
    ledgerEvents: 0,
    convictions: 0,
    penalties: 0,
  }
  /** Transactions that do not have the hash under which they were served, and whether a field was found to blame. */
  readonly broken = new Map<Digest, { readonly bench: Bench; readonly suspects: readonly string[] }>()
  /** Fields of calldata that were found wrong, by transaction. */
  readonly explained = new Map<Digest, Set<string>>()
  readonly recover: RecoverSigner

  constructor(recover: RecoverSigner) {
    this.recover = recover
  }

  at(step: StepKind, where = ''): Bench {
    return new Bench(this, step, where)
  }

  /** Blames what is left: calldata is wrong, but nothing recomputed from it was. */
  explainBroken(): void {
    for (const [hash, { bench, suspects }] of this.broken) {
      if (this.explained.has(hash)) continue
      for (const field of suspects)
        bench.mismatch(field, `contents with hash ${hash}`, 'other contents', 'the transaction hash binds it')
    }
  }
}

/** Where one check reports: a step, and which of several. */
export class Bench {
  readonly judge: Judge
  readonly step: StepKind
  readonly where: string

  constructor(judge: Judge, step: StepKind, where: string) {
    this.judge = judge
    this.step = step
    this.where = where
  }

  mismatch(field: string, expected: AbiValue, actual: AbiValue, why: string, about: About = {}): void {
    const finding: Finding = {
      step: this.step,
      field,
      where: this.where,
      expected: show(expected),
      actual: show(actual),
      why,
      ...about,
    }
    const same = (f: Finding): boolean => f.field === field && f.where === this.where
    if (!this.judge.findings.some(same)) this.judge.findings.push(finding)
  }

  /** A mismatch in calldata: accounts for a transaction that does not have its hash. Several events may tell of it. */
  calldata(transaction: Digest, ...finding: Parameters<Bench['mismatch']>): void {
    const fields = this.judge.explained.get(transaction) ?? new Set()
    if (!fields.has(finding[0])) this.mismatch(...finding)
    this.judge.explained.set(transaction, fields.add(finding[0]))
  }

  missing(field: string, why: string, about: About = {}): void {
    const same = (u: Unavailable): boolean => u.field === field && u.where === this.where
    if (this.judge.unavailable.some((u) => same(u) && u.member === about.member)) return
    this.judge.unavailable.push({ step: this.step, field, where: this.where, why, ...about })
  }

  /** Whether two facts agree; a finding if they do not. */
  equal(field: string, expected: AbiValue, actual: AbiValue, why: string, about: About = {}): boolean {
    if (show(expected) === show(actual)) return true
    this.mismatch(field, expected, actual, why, about)
    return false
  }

  /** What this step and place has come to. */
  verdict(): Verdict {
    const here = (item: Finding | Unavailable): boolean =>
      item.step === this.step && (this.where === '' || item.where === this.where)
    if (this.judge.findings.some(here)) return 'mismatch'
    return this.judge.unavailable.some(here) ? 'unavailable' : 'verified'
  }
}

/** One text per value: numbers in decimal, lists and structs in brackets. */
export function show(value: AbiValue | undefined): string {
  if (value === undefined) return 'nothing'
  if (typeof value !== 'object') return value.toString()
  if (Array.isArray(value)) return `[${value.map((item: AbiValue) => show(item)).join(', ')}]`
  const fields = Object.entries(value as Readonly<Record<string, AbiValue>>)
  return `(${fields.map(([name, field]) => `${name}: ${show(field)}`).join(', ')})`
}
