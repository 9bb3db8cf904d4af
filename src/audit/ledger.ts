import { appendEvent } from '../codec/events.ts'
import { concatHex, fromHex, uint } from '../codec/hex.ts'
import type { TaskHistory } from '../ports/chain-history.ts'
import type { Digest } from '../types/ids.ts'
import { NIL } from '../types/ids.ts'
import type * as Ledger from '../types/ledger.ts'
import type { Judge } from './judge.ts'
import type { Reconciled, Reconciler } from './reconcile.ts'
import type { PublishedTask } from './task.ts'

/** A ledger event with the block from which on a checkpoint may have seen it. */
export interface PostedEvent extends Ledger.LedgerEvent, Ledger.PostedEvent {
  readonly block: bigint
  /** Rolling hash up to this event. */
  readonly eventsHash: Digest
}

type Source = Reconciled<'LedgerEvent'> | Reconciled<'SystemEntry'>

const NOBODY = `0x${'00'.repeat(20)}` as const

/**
 * Ledger events are numbered without gaps over both kinds: by the client or a reporter, with the data that was sent, and
 * by the board, one for a conviction in the same transaction.
 */
export function checkLedger(
  judge: Judge,
  history: TaskHistory,
  reconciler: Reconciler,
  task: PublishedTask,
): readonly PostedEvent[] {
  const sources: Source[] = [...reconciler.all('LedgerEvent'), ...reconciler.all('SystemEntry')]
  sources.sort((a, b) => Number(a.block - b.block || a.logIndex - b.logIndex))
  let eventsHash = NIL
  let byBoard = 0
  const posted = sources.map((source, i): PostedEvent => {
    const { args, bench, block } = source
    const name = 'originator' in args ? 'LedgerEvent' : 'SystemEntry'
    bench.equal(`${name}.taskId`, task.taskId, args.taskId, 'the task that was asked for')
    bench.equal(`${name}.seq`, BigInt(i + 1), args.seq, 'events are numbered without gaps')
    if ('originator' in args) checkOriginator(source as Reconciled<'LedgerEvent'>, task)
    else {
      checkEntry(source as Reconciled<'SystemEntry'>, reconciler)
      byBoard += 1
    }
    judge.counts.ledgerEvents += 1
    const kind = name === 'LedgerEvent' ? 'posted' : 'system'
    const event = {
      kind,
      originator: 'originator' in args ? args.originator : NOBODY,
      data: fromHex(args.data),
    } as const
    eventsHash = appendEvent(eventsHash, event)
    return { seq: i + 1, ...event, block, eventsHash }
  })
  const { task: stored, head } = history.views
  const found = BigInt(posted.length)
  const bench = judge.at('events')
  bench.equal('task().eventsPosted', found - BigInt(byBoard), stored.eventsPosted, 'events that were found')
  bench.equal('head().events', found, head.events, 'events that were found')
  return posted
}

function checkOriginator({ args, bench }: Reconciled<'LedgerEvent'>, task: PublishedTask): void {
  if (args.originator === task.client || task.params.reporters.includes(args.originator)) return
  bench.mismatch('LedgerEvent.originator', 'the client or a reporter', args.originator, 'the task says so')
}

/** `u8 member ‖ u8 offence ‖ u8 percent` of the conviction that was found in the same transaction. */
function checkEntry(
  { args, bench, transactionHash }: Reconciled<'SystemEntry'>,
  reconciler: Reconciler,
): void {
  const found = reconciler.all('Convicted').find((one) => one.transactionHash === transactionHash)
  if (found === undefined) {
    bench.mismatch('SystemEntry.data', 'a conviction in this transaction', args.data, 'none was found')
    return
  }
  const { member, offence, percent } = found.args
  const data = concatHex(uint(member, 1), uint(offence, 1), uint(percent, 1))
  bench.equal('SystemEntry.data', data, args.data, 'the conviction in this transaction')
}
