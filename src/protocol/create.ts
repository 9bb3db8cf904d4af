import { rootStart } from '../codec/roots.ts'
import { bitmapOf } from '../codec/bitmap.ts'
import { NIL } from '../types/ids.ts'
import { emptyLog } from './phase-log.ts'
import type { EngineConfig, EngineState } from './state.ts'
import { emptyBox } from './state.ts'

/** The engine of a node that has done nothing for this task yet. */
export function createEngine(config: EngineConfig): EngineState {
  const cluster = config.cluster.id
  return {
    config,
    tick: 0,
    log: emptyLog(cluster),
    unrecorded: [],
    chain: {
      height: 0,
      value: NIL,
      stateHash: NIL,
      inputs: bitmapOf(config.cluster.members.map((member) => member.index)),
      eventSeq: 0,
      root: rootStart(cluster),
    },
    box: emptyBox(1),
    last: null,
    older: null,
    next: emptyBox(2),
    fence: 0,
    running: false,
    observing: false,
    round: 0,
    ownValue: NIL,
    convened: -1,
    askedRound: -1,
    resends: 0,
    pending: null,
    failed: new Map(),
    failedFrom: 0,
    tokens: 0,
    lock: null,
    valid: null,
    adoption: null,
    ahead: new Map(),
    bodies: new Map(),
    timers: new Map(),
    anchorTick: 0,
    resync: false,
    wished: false,
    isWishing: false,
    isByWish: false,
    wishBudgets: new Map(),
    ledgerSeq: 0,
    eventsHashes: new Map(),
    helped: new Map(),
    proofs: new Map(),
    passing: new Map(),
    checkpointsSent: 0,
    answered: new Map(),
    heard: new Set(),
    heardBefore: new Set(),
    vain: new Map(),
    closes: new Map(),
    left: 0n,
    resets: [],
    backoffUntil: 0,
    epoch: { first: 1, previous: NIL, values: [], entries: [], inputs: '0x' },
    anchoredHeight: 0,
    checkpoints: new Map(),
    vetted: 0,
    due: new Map(),
    reported: new Map(),
    finals: new Map(),
  }
}
