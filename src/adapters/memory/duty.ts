import { accusedOf } from '../../codec/evidence.ts'
import type { ChainCall } from './chain.ts'

/** What a call does for a task: the same words whoever makes it. */
export function dutyOf(call: ChainCall): string {
  switch (call.kind) {
    case 'join':
      return `join ${call.taskId} ${call.key}`
    case 'form':
    case 'finalize':
      return `${call.kind} ${call.taskId}`
    case 'checkpoint':
      return `checkpoint ${call.call.taskId} ${call.call.first}`
    case 'republish':
      return `republish ${call.call.taskId} ${call.call.height}`
    case 'evidence':
      return `evidence ${call.taskId} ${accusedOf(call.evidence)}`
  }
}
