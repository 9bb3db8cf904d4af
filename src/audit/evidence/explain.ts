import type { AuditReport, Conviction, Penalty } from '../report.ts'
import type { EvidenceCall } from './call.ts'
import type { Court, Offence, Proved } from './verdict.ts'
import { judgeEvidence, objectsOf } from './verdict.ts'

/** What each kind of evidence is, in words (docs/decisions.md, section 8). */
const RULES: Readonly<Record<Offence, string>> = {
  E1: 'equivocation: a member signs one object per sign-once key',
  E1b: 'amnesia: after a CONFIRM only a quorum from that round or later unlocks another value',
  E2: 'illegal log: every entry is a legal transition from where the last one ended, and logs only grow',
  E3: 'unjustified vote: a fresh vote names members of the cluster that weigh a quorum',
  E5: 'wrong checkpoint: whoever signs a history has opened every height of it',
  E6: 'two parents: a member follows one history',
  E4: 'wrong reduction: a fresh vote is for what the reducer makes of its list',
}

/** A piece of evidence as people can follow it. */
export interface Explanation {
  readonly taskId: bigint
  readonly member: number
  readonly key: string | null
  readonly operator: string | null
  readonly verdict: { readonly proved: Proved } | { readonly refused: string }
  /** Fields of the objects side by side. */
  readonly objects: readonly {
    readonly field: string
    readonly values: readonly string[]
    readonly differ: boolean
  }[]
}

/** Judges evidence and lays its objects side by side. */
export function explainEvidence(court: Court, call: EvidenceCall): Explanation {
  const member = court.cluster.members[Number(call.member)]
  const judged = judgeEvidence(court, call)
  const objects = objectsOf(court, call)
  const names = [...new Set(objects.flatMap(({ shown }) => shown.map(([name]) => name)))]
  const row = (field: string, values: readonly string[]): Explanation['objects'][number] => ({
    field,
    values,
    differ: new Set(values).size > 1,
  })
  return {
    taskId: call.taskId,
    member: Number(call.member),
    key: member?.key ?? null,
    operator: member?.operator ?? null,
    verdict: 'refused' in judged ? judged : { proved: judged },
    objects: [
      row(
        'object',
        objects.map(({ type }) => type.toUpperCase()),
      ),
      ...names.map((name) =>
        row(
          name,
          objects.map(({ shown }) => shown.find(([given]) => given === name)?.[1] ?? '-'),
        ),
      ),
      row(
        'hashStruct',
        objects.map(({ hash }) => hash),
      ),
    ],
  }
}

/** Lines for a person: the rule, both objects, why they conflict. */
export function renderExplanation({
  member,
  key,
  operator,
  verdict,
  objects,
  taskId,
}: Explanation): string[] {
  const rule =
    'proved' in verdict ? [`rule       ${verdict.proved.offence}, ${RULES[verdict.proved.offence]}`] : []
  const result =
    'proved' in verdict
      ? [
          `✔ proved   ${verdict.proved.because}`,
          `base share ${verdict.proved.percent} % of the lock in this task`,
        ]
      : [`✖ proves nothing: ${verdict.refused}`]
  const width = Math.max(...objects.map(({ field }) => field.length))
  const shown = objects.map(
    ({ field, values, differ }) =>
      `  ${differ && field !== 'object' ? '≠' : ' '} ${field.padEnd(width)}  ${values.join('   ')}`,
  )
  return [
    `task ${taskId}, member ${member}, key ${key ?? 'no such seat'}, operator ${operator ?? '-'}`,
    ...rule,
    'signed by that key:',
    ...shown,
    ...result,
  ]
}

/** Who paid whom because of a conviction, with the arithmetic. */
export function renderPayment(conviction: Conviction, { penalties }: AuditReport, stake: bigint): string[] {
  const of = (one: Penalty): boolean => one.member === conviction.member
  return penalties.filter(of).flatMap((penalty, i, all) => {
    const { percent, amount, credited, block, operator } = penalty
    if (credited !== null && penalty.transaction !== conviction.transaction) return []
    const before = all[i - 1]?.percent ?? 0
    const sum = `⌈${stake} · ${percent} %⌉${before === 0 ? '' : ` − ⌈${stake} · ${before} %⌉ taken before`} = ${amount}`
    if (credited === null)
      return [`at release in block ${block}: ${sum} wei, all burnt: others were convicted in the same task`]
    const rest = amount - credited.amount
    return [
      `paid by    ${operator}: ${sum} wei in block ${block}`,
      `paid to    ${credited.reporter}: ${credited.amount} wei credited for the proof, of at most ⌊${amount} / 10⌋`,
      `burnt      ${rest} wei, which nothing pays out`,
    ]
  })
}
