import { fromHex } from '../codec/hex.ts'
import type { TaskHistory } from '../ports/chain-history.ts'
import type { LedgerEvent } from '../types/ledger.ts'
import type { Judge } from './judge.ts'
import type { Reconciler } from './reconcile.ts'
import type { PublishedTask } from './task.ts'

/** A ledger event with the block from which on a checkpoint may have seen it. */
export interface PostedEvent extends LedgerEvent {
  readonly block: bigint
}

/** Ledger events are numbered without gaps, by the client or a reporter, with the data that was sent. */
export function checkLedger(
  judge: Judge,
  history: TaskHistory,
  reconciler: Reconciler,
  task: PublishedTask,
): readonly PostedEvent[] {
  const posted = reconciler.all('LedgerEvent').map(({ args, bench, block }, i): PostedEvent => {
    bench.equal('LedgerEvent.taskId', task.taskId, args.taskId, 'the task that was asked for')
    bench.equal('LedgerEvent.seq', BigInt(i + 1), args.seq, 'events are numbered without gaps')
    if (args.originator !== task.client && !task.params.reporters.includes(args.originator)) {
      bench.mismatch(
        'LedgerEvent.originator',
        'the client or a reporter',
        args.originator,
        'the task says so',
      )
    }
    judge.counts.ledgerEvents += 1
    return { seq: i + 1, data: fromHex(args.data), block }
  })
  const { eventsPosted } = history.views.task
  judge
    .at('events')
    .equal('task().eventsPosted', BigInt(posted.length), eventsPosted, 'events that were found')
  return posted
}
