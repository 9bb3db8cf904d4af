import type { TaskHistory } from '../ports/chain-history.ts'
import type { Address, Digest } from '../types/ids.ts'
import type { Accounts } from './accounts.ts'
import { formFeeMax } from '../types/form-fee.ts'
import { isReached } from '../types/moment.ts'
import { momentOf, shown } from './clock.ts'
import type { FormedCluster } from './cluster.ts'
import type { Earned, Earnings } from './earnings.ts'
import type { EarnedFormFee } from './form-fee.ts'
import { feesMaxOf } from './earnings.ts'
import type { Ended } from './end.ts'
import type { Judge } from './judge.ts'
import type { Reconciled, Reconciler } from './reconcile.ts'
import type { Penalty } from './report.ts'
import type { PublishedTask } from './task.ts'

/** Token wei that changed hands, and why. Accounts are addresses, or `escrow`, `burnt`, `credit of …`, `lock of …`. */
export interface Movement {
  readonly block: number
  readonly transaction: Digest
  readonly from: string
  readonly to: string
  readonly amount: bigint
  readonly why: string
}

/** Token wei that lie where they are until their owner takes them. */
export interface Balance {
  readonly account: string
  readonly owner: string
  readonly amount: bigint
  readonly why: string
}

type Payment = 'Claimed' | 'FormFeePaid' | 'Refunded'

const DRAWING = 'drawing the cluster'

interface Due {
  readonly owner: Address
  readonly amount: bigint
  readonly why: string
}

/** What came of the escrow: paid in, owed by the heights that were accepted, paid out, still there. */
export interface EscrowBook {
  readonly paid: bigint
  readonly movements: readonly Movement[]
  readonly left: readonly Balance[]
}

/** What the payments of a task are held against. */
export interface EscrowFacts {
  readonly task: PublishedTask
  readonly life: Ended
  readonly cluster: FormedCluster | null
  readonly earnings: Earnings | null
  readonly formFee: EarnedFormFee | null
  readonly accounts: Accounts
}

/** Everything that a task owes, to whom, and every payment: the amounts are computed again, none is believed. */
export function checkEscrow(
  judge: Judge,
  history: TaskHistory,
  reconciler: Reconciler,
  facts: EscrowFacts,
): EscrowBook {
  const { task, life, cluster, earnings, formFee } = facts
  const { views, taskId } = history
  const paid = escrowOf(history, task)
  const why = 'rewards of all heights, fees that can be earned'
  // parameters that do not have their hash are blamed for themselves
  if (judge.at('task').verdict() !== 'mismatch')
    judge.at('money').equal('task().escrow', paid, views.task.escrow, why)
  const lost = lostOf(earnings)
  const rest = restOf(task, paid, facts)
  const drawing = formFee === null ? [] : [{ owner: formFee.former, amount: formFee.amount, why: DRAWING }]
  const open = new Set([...seatDues(cluster, earnings), ...drawing, rest])
  const { client, block, transaction } = task
  const movements: Movement[] = [
    { block: Number(block), transaction, from: client, to: 'escrow', amount: paid, why: 'publish' },
  ]
  for (const claimed of reconciler.all('Claimed')) {
    const { bench, args } = claimed
    const operator = facts.accounts.operatorOf('Claimed', claimed)
    const own = [...open].filter((due) => due !== rest && due.why !== DRAWING && due.owner === operator)
    const to = facts.accounts.payoutAt(operator, claimed) ?? args.to
    bench.equal('Claimed.to', to, args.to, 'where the operator is paid')
    movements.push(...pay('Claimed', claimed, { taskId, own, open, to }))
  }
  for (const drawn of reconciler.all('FormFeePaid')) {
    const to = checkPayee(drawn, formFee, facts.accounts)
    const own = drawing.filter((due) => open.has(due))
    movements.push(...pay('FormFeePaid', drawn, { taskId, own, open, to }))
  }
  for (const refunded of reconciler.all('Refunded')) {
    const { bench, args } = refunded
    bench.equal('Refunded.client', client, args.client, 'who published the task')
    const own = open.has(rest) ? [rest] : []
    movements.push(...pay('Refunded', refunded, { taskId, own, open, to: client }))
  }
  const burnt = checkBurnt(reconciler, taskId, lost, movements)
  for (const name of ['Claimed', 'FormFeePaid', 'Refunded', 'Burnt'] as const)
    for (const event of reconciler.all(name)) checkMoment(history, name, event, life)
  const balance = ({ owner, amount, why }: Due): Balance => ({ account: 'escrow', owner, amount, why })
  const running = { account: 'escrow', owner: 'nobody yet', amount: paid, why: `the task is ${life.status}` }
  const unbooked = {
    account: 'escrow',
    owner: 'nobody',
    amount: lost - burnt,
    why: 'to be burnt with the first claim',
  }
  const left = life.closedAt === null ? [running] : [...[...open].map(balance), unbooked]
  return { paid, movements, left: left.filter(({ amount }) => amount > 0n) }
}

/** Where the fee for the drawing goes: to the account that earned it, at the call of its wallet, or to the caller itself. */
function checkPayee(
  drawn: Reconciled<'FormFeePaid'>,
  formFee: EarnedFormFee | null,
  accounts: Accounts,
): Address {
  const { bench, args, sender } = drawn
  const former = formFee?.former ?? args.former
  bench.equal('FormFeePaid.former', former, args.former, 'who earned it')
  const owner = accounts.walletAt(former, drawn) ?? former
  if (sender !== null) bench.equal('FormFeePaid.sender', owner, sender, 'who acts for it')
  const to = accounts.payoutAt(former, drawn) ?? former
  bench.equal('FormFeePaid.to', to, args.to, 'where it is paid')
  return to
}

/** Pays what is due to one owner, all of it. */
function pay(
  name: Payment,
  { bench, args, block, transactionHash }: Reconciled<Payment>,
  { taskId, own, open, to }: { taskId: bigint; own: readonly Due[]; open: Set<Due>; to: Address },
): Movement[] {
  const amount = own.reduce((sum, due) => sum + due.amount, 0n)
  bench.equal(`${name}.taskId`, taskId, args.taskId, 'the task that was asked for')
  bench.equal(`${name}.amount`, amount, args.amount, 'what the task owes')
  for (const due of own) open.delete(due)
  const shared = { block: Number(block), transaction: transactionHash, from: 'escrow', to }
  return own.filter((due) => due.amount > 0n).map((due) => ({ ...shared, amount: due.amount, why: due.why }))
}

function checkMoment(
  history: TaskHistory,
  name: Payment | 'Burnt',
  { bench, block }: Reconciled<Payment | 'Burnt'>,
  { claimsOpenAt }: Ended,
): void {
  if (claimsOpenAt !== null && isReached(claimsOpenAt, momentOf(history, block))) return
  const earliest = claimsOpenAt === null ? 'block after its end' : shown(claimsOpenAt)
  bench.mismatch(`${name}.blockNumber`, earliest, block, 'at the earliest')
}

/** rewardPerHeight · heights, checkpointFee for all checkpoints for which it can fall due, and the costliest drawing. */
function escrowOf(history: TaskHistory, { params, block }: PublishedTask): bigint {
  const fees = feesMaxOf(params, momentOf(history, block), history.expected.windows)
  const rewards = params.rewardPerHeight * BigInt(params.heights)
  return rewards + params.checkpointFee * BigInt(fees) + formFeeMax(params)
}

/** What was spent and nobody earned. */
function lostOf(earnings: Earnings | null): bigint {
  return earnings === null ? 0n : earnings.seats.reduce((rest, { paid }) => rest - paid, earnings.spent)
}

/** The first claim books as burnt what nobody earned. Returns what was booked. */
function checkBurnt(reconciler: Reconciler, taskId: bigint, lost: bigint, movements: Movement[]): bigint {
  const payments = (['Claimed', 'FormFeePaid', 'Refunded'] as const).flatMap((name) =>
    reconciler.all<Payment>(name),
  )
  const [claimed] = payments
  const [burnt, second] = reconciler.all('Burnt')
  // a claim that pays its caller nothing may book it
  const expected = (claimed ?? burnt) === undefined ? 0n : lost
  if (burnt === undefined) {
    if (expected !== 0n)
      claimed?.bench.mismatch(
        'Burnt',
        `${expected} wei`,
        'no event',
        'the first claim of a task burns what nobody earned',
      )
    return 0n
  }
  const { bench, args, block, transactionHash } = burnt
  bench.equal('Burnt.taskId', taskId, args.taskId, 'the task that was asked for')
  bench.equal('Burnt.amount', expected, args.amount, 'spent, and earned by nobody')
  if (second !== undefined) bench.mismatch('Burnt', 'one event', 'two', 'it is booked once')
  const why = 'spent, and earned by nobody'
  movements.push({
    block: Number(block),
    transaction: transactionHash,
    from: 'escrow',
    to: 'burnt',
    amount: args.amount,
    why,
  })
  return args.amount
}

function seatDues(cluster: FormedCluster | null, earnings: Earnings | null): readonly Due[] {
  return (cluster?.members ?? []).flatMap(({ operator, index }): Due[] => {
    const seat = earnings?.seats[index]
    return seat === undefined ? [] : [{ owner: operator, amount: seat.paid, why: describe(index, seat) }]
  })
}

/** What goes back to the client. */
function restOf({ client }: PublishedTask, escrow: bigint, { cluster, earnings, formFee }: EscrowFacts): Due {
  const why = cluster === null ? 'no cluster was drawn: all of it' : 'what was not spent'
  return { owner: client, amount: escrow - (earnings?.spent ?? 0n) - (formFee?.amount ?? 0n), why }
}

function describe(member: number, { heights, reward, fees, convicted }: Earned): string {
  if (convicted) return `member ${member}: convicted`
  return `member ${member}: ${heights} heights ${reward}, fees ${fees}`
}

/** Stake that penalties moved out of locks, by the reporter's part and the rest. */
export function penaltyMovements(penalties: readonly Penalty[], keys: readonly Address[]): Movement[] {
  return penalties.flatMap(({ member, percent, amount, credited, block, transaction }) => {
    const shared = { block, transaction, from: `lock of ${keys[member] ?? 'nobody'}` }
    const why = `member ${member}: ${percent} % due${credited === null ? ' by the convictions of others' : ''}`
    const credit = credited?.amount ?? 0n
    return [
      { ...shared, to: `credit of ${credited?.reporter ?? 'nobody'}`, amount: credit, why },
      { ...shared, to: 'burnt', amount: amount - credit, why },
    ].filter((movement) => movement.amount > 0n)
  })
}
