import { z } from 'zod'
import { OUTCOMES, TASK_STATUSES } from '../types/task.ts'
import { OFFENCES } from './evidence/verdict.ts'
import { VERDICTS } from './report.ts'

/** What `rsdp audit --json` says of a task, as docs/formats/audit.schema.json describes it. */

const hash = z.string().regex(/^0x[0-9a-f]{64}$/)
const address = z.string().regex(/^0x[0-9a-f]{40}$/)
const wei = z
  .string()
  .regex(/^-?\d+$/)
  .describe('units of the token’s smallest part, decimal')
/** Numbers that an endpoint tells may be of any size. */
const count = z.number().nonnegative()
const verdict = z.enum(VERDICTS)
const stepKind = z.enum([
  ...(['identity', 'task', 'cluster', 'events', 'seam', 'checkpoint'] as const),
  ...(['penalty', 'result', 'end', 'money', 'state', 'complete'] as const),
])

const place = {
  path: z.string().describe('the field with its place, e.g. Checkpointed[task 1, heights 1–4].batch'),
  step: stepKind,
  field: z.string(),
  where: z.string().describe('which of several; empty if there is only one'),
}
const about = { height: count.optional(), member: count.optional() }

const finding = z.strictObject({
  ...place,
  expected: z.string(),
  actual: z.string(),
  why: z.string(),
  ...about,
})
const unavailable = z.strictObject({ ...place, why: z.string(), ...about })

const validity = z
  .strictObject({ compared: count, magnitude: z.number(), entropy: z.number(), concentration: z.number() })
  .nullable()

const height = z.strictObject({
  height: count,
  value: hash,
  stateHash: hash,
  inputsRoot: hash,
  eventSeq: count,
  round: count,
  attested: z.boolean(),
  recomputed: z.boolean(),
  transitional: validity,
  operational: validity,
})

const step = z.strictObject({
  kind: stepKind,
  label: z.string(),
  block: count.nullable(),
  logged: z.string(),
  recomputed: z.string(),
  signatures: z.string(),
  verdict,
})

const cluster = z.strictObject({
  id: hash,
  seed: hash,
  totalWeight: count,
  members: z.array(z.strictObject({ index: count, key: address, operator: address, weight: count })),
})

const counts = z.strictObject({
  transactions: count,
  events: count,
  signups: count,
  registrationSignatures: count,
  checkpoints: count,
  checkpointSignatures: count,
  heightsAttested: count,
  transitionsSigned: count,
  transitionsByEvent: z.strictObject({
    ...{ t1: count, t2: count, t3: count, t4: count, t5: count, t6: count, t7: count, RESET: count },
  }),
  inputs: count,
  aggregatesRecomputed: count,
  ledgerEvents: count,
  convictions: count,
  penalties: count,
})

const conviction = z.strictObject({
  member: count,
  offence: z.enum(OFFENCES),
  height: z.string().regex(/^\d+$/),
  first: hash,
  second: hash,
  percent: z.number(),
  because: z.string(),
  reporter: address,
  block: count,
  transaction: hash,
})

const penalty = z.strictObject({
  member: count,
  operator: address,
  percent: z.number(),
  block: count,
  transaction: hash,
  amount: wei,
  credited: z.strictObject({ reporter: address, amount: wei }).nullable(),
})

const end = z.strictObject({
  status: z.enum(TASK_STATUSES),
  because: z.string(),
  idle: z.boolean(),
  revoked: count.nullable(),
  closedAt: count.nullable(),
  closedTime: count.nullable(),
  claimsOpenAt: count.nullable(),
  claimsOpenTime: count.nullable(),
})

const money = z.strictObject({
  ...{ escrow: wei, paid: wei, burntPay: wei, inEscrow: wei },
  ...{ locked: wei, freed: wei, credited: wei, burntStake: wei, inLocks: wei },
  movements: z.array(
    z.strictObject({
      block: count,
      transaction: hash,
      from: z.string(),
      to: z.string(),
      why: z.string(),
      amount: wei,
    }),
  ),
  left: z.array(z.strictObject({ account: z.string(), owner: z.string(), why: z.string(), amount: wei })),
})

const moment = z.strictObject({ block: count, time: count })
const seam = z.strictObject({
  predecessor: z.string().regex(/^\d+$/),
  outcome: z.enum(OUTCOMES),
  height: count,
  stateHash: hash.nullable(),
  left: moment,
  published: moment.nullable(),
  resumed: moment.nullable(),
  gapBlocks: z.number().nullable(),
  gapSeconds: z.number().nullable(),
})

const complete = z.strictObject({
  from: count,
  to: count,
  head: hash,
  confirmedBy: z.string(),
  headers: count,
  provedBlocks: count,
  provedLogs: count,
  requests: count,
  faults: z.array(
    z.strictObject({
      ...{ block: count, field: z.string(), expected: z.string(), actual: z.string(), why: z.string() },
    }),
  ),
  unproved: z.array(z.strictObject({ block: count, why: z.string() })),
})

export const reportSchema = z
  .strictObject({
    taskId: z.string().regex(/^\d+$/),
    chainId: z.string().regex(/^\d+$/),
    verdict: verdict.describe('the worst of all steps'),
    head: count.describe('block up to which was read'),
    reducer: z.string().nullable(),
    client: address.nullable(),
    heightsAnchored: count,
    heightsMax: count,
    steps: z.array(step),
    counts,
    gaps: z.array(z.strictObject({ member: count, first: count, last: count })),
    outcome: z.strictObject({ outcome: z.enum(OUTCOMES), because: z.string() }),
    heights: z.array(height),
    complete: complete.optional().describe('with --complete: what was proved about the logs'),
    range: z
      .strictObject({ first: count, last: count, findingsOutside: count, unavailableOutside: count })
      .optional()
      .describe('with --heights: what was left out, and how much of it does not fit'),
    cluster: cluster.nullable(),
    convictions: z.array(conviction),
    penalties: z.array(penalty),
    end: end.nullable(),
    money: money.nullable(),
    seam: seam.nullable(),
    findings: z.array(finding),
    unavailable: z.array(unavailable),
    transitionsByMember: z.array(z.strictObject({ member: count, transitions: count })),
  })
  .describe('Verdict of an audit: the data of rsdp audit --json')

/** Of several tasks, with `--tasks` or `--all`. */
export const reportsSchema = z
  .strictObject({
    verdict: verdict.describe('the worst of all tasks'),
    done: z.boolean().describe('false: interrupted; the same command goes on'),
    asked: count,
    ...{ verified: count, mismatch: count, unavailable: count, pending: count },
    reports: z.array(reportSchema),
  })
  .describe('Verdicts of several tasks: the data of rsdp audit --tasks … --json')

type Deep<T> = T extends readonly (infer One)[]
  ? readonly Deep<One>[]
  : T extends object
    ? { readonly [K in keyof T]: Deep<T[K]> }
    : T

export type ReportJson = Deep<z.infer<typeof reportSchema>>
export type ReportsJson = Deep<z.infer<typeof reportsSchema>>
