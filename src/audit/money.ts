import type { TaskHistory } from '../ports/chain-history.ts'
import type { Address, Digest } from '../types/ids.ts'
import type { FormedCluster } from './cluster.ts'
import type { Earned, Earnings } from './earnings.ts'
import type { Ended } from './end.ts'
import type { Judge } from './judge.ts'
import type { Reconciler } from './reconcile.ts'
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

/** Everything that a task owes, to whom, and every payment: the amounts are computed again, none is believed. */
export function checkEscrow(
  judge: Judge,
  { views, taskId, expected }: TaskHistory,
  reconciler: Reconciler,
  task: PublishedTask,
  life: Ended,
  cluster: FormedCluster | null,
  earnings: Earnings | null,
): EscrowBook {
  const paid = escrowOf(task, expected.closeGrace)
  const why = 'rewards of all heights, fees that can be earned'
  // parameters that do not have their hash are blamed for themselves
  if (judge.at('task').verdict() !== 'mismatch')
    judge.at('money').equal('task().escrow', paid, views.task.escrow, why)
  const dues = duesOf(task, paid, cluster, earnings)
  const open = new Set(dues)
  const lost = lostOf(earnings)
  const { client, block, transaction } = task
  const movements: Movement[] = [
    { block: Number(block), transaction, from: client, to: 'escrow', amount: paid, why: 'publish' },
  ]
  for (const { bench, args, block: at, transactionHash } of reconciler.all('Claimed')) {
    bench.equal('Claimed.taskId', taskId, args.taskId, 'the task that was asked for')
    const own = [...open].filter(({ owner }) => owner === args.account)
    const amount = own.reduce((sum, due) => sum + due.amount, 0n)
    bench.equal('Claimed.amount', amount, args.amount, 'what the task owes the account')
    if (life.claimsOpenAt === null || at < life.claimsOpenAt)
      bench.mismatch(
        'Claimed.blockNumber',
        `block ${life.claimsOpenAt ?? 'after its end'}`,
        at,
        'at the earliest',
      )
    for (const due of own) {
      open.delete(due)
      if (due.amount === 0n) continue
      const shared = { block: Number(at), transaction: transactionHash }
      movements.push({ ...shared, from: 'escrow', to: args.account, amount: due.amount, why: due.why })
    }
  }
  const burnt = checkBurnt(reconciler, taskId, lost, movements)
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

/** rewardPerHeight · heights + checkpointFee · min(heights, ⌈heights / R⌉ + ⌊blocks / ⌈stallBlocks / 2⌉⌋). */
function escrowOf({ params, block }: PublishedTask, closeGrace: bigint): bigint {
  const epochs = Math.ceil(params.heights / params.epochHeights)
  const blocks = params.endBlock + Number(closeGrace) - Number(block)
  const fees = Math.min(params.heights, epochs + Math.floor(blocks / Math.ceil(params.stallBlocks / 2)))
  return params.rewardPerHeight * BigInt(params.heights) + params.checkpointFee * BigInt(fees)
}

/** What was spent and nobody earned. */
function lostOf(earnings: Earnings | null): bigint {
  return earnings === null ? 0n : earnings.seats.reduce((rest, { paid }) => rest - paid, earnings.spent)
}

/** The first claim books as burnt what nobody earned. Returns what was booked. */
function checkBurnt(reconciler: Reconciler, taskId: bigint, lost: bigint, movements: Movement[]): bigint {
  const [claimed] = reconciler.all('Claimed')
  const [burnt, second] = reconciler.all('Burnt')
  const expected = claimed === undefined ? 0n : lost
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

function duesOf(
  { client }: PublishedTask,
  escrow: bigint,
  cluster: FormedCluster | null,
  earnings: Earnings | null,
): readonly Due[] {
  const seats = (cluster?.members ?? []).flatMap(({ operator, index }): Due[] => {
    const seat = earnings?.seats[index]
    return seat === undefined ? [] : [{ owner: operator, amount: seat.paid, why: describe(index, seat) }]
  })
  const rest = escrow - (earnings?.spent ?? 0n)
  const why = cluster === null ? 'no cluster was drawn: all of it' : 'what was not spent'
  return [...seats, { owner: client, amount: rest, why }]
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
