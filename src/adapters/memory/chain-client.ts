import type { Chain, EventPage, PreparedCall, SendOutcome } from '../../ports/chain.ts'
import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { Address } from '../../types/ids.ts'
import type { MemoryChain } from './chain.ts'

/** How a call travels to the chain and its answer back; rejects with E_RPC_DOWN when it does not. */
export type Travel = <T>(call: (answer: (value: T) => void) => void) => Promise<T>

/** Every call is answered at once, or as soon as there is an answer. */
export const atOnce: Travel = (call) => new Promise((resolve) => call(resolve))

/** One node's connection to a chain in memory. */
export function memoryChainClient(chain: MemoryChain, self: Address, travel: Travel = atOnce): Chain {
  const ask = <T>(answerOf: () => T): Promise<T> => travel((answer) => answer(answerOf()))
  return {
    domain: chain.domain,
    reorgDepth: chain.reorgDepth,
    head: () => ask(() => chain.head),
    latest: () => ask(() => ({ number: BigInt(chain.head), time: BigInt(chain.timeOf(chain.head)) })),
    eventsAfter: async (after, afterHash, blocksMax) => {
      const page = await ask(() => pageAfter(chain, after, afterHash, blocksMax))
      if (page === 'reorg') throw failure('E_REORG', `block ${after} is another one now`, EXIT.precondition)
      return page
    },
    taskStatus: (taskId) => ask(() => chain.statusOf(taskId)),
    logHead: (taskId) =>
      ask(() => {
        const { last = 0, root = chain.hashOf(0) } = chain.tasks.get(taskId) ?? {}
        return { last, root, turn: chain.turn(taskId) }
      }),
    signups: (taskId) => ask(() => [...(chain.tasks.get(taskId)?.signups ?? [])]),
    board: chain.board,
    lockTailBlocks: chain.closeGrace + (chain.windows?.evidenceBlocks ?? 0),
    lockTailSeconds: (chain.windows?.graceSeconds ?? 0) + (chain.windows?.evidenceSeconds ?? 0),
    seedDelaySeconds: 0,
    terms: (taskId) => ask(() => chain.termsOf(taskId)),
    // twinCodeAt is its hash
    code: (address) => ask(() => address),
    prepareJoin: (taskId, key, agreed) => chain.prepare({ kind: 'join', taskId, key, agreed }),
    prepareForm: (taskId, { number }) =>
      ask(() => chain.prepare({ kind: 'form', taskId, mixHash: chain.mixHashOf(Number(number)) })),
    prepareCheckpoint: (call) => chain.prepare({ kind: 'checkpoint', call }),
    prepareRepublish: (call) => chain.prepare({ kind: 'republish', call }),
    prepareFinalize: (taskId, result) => chain.prepare({ kind: 'finalize', taskId, result }),
    prepareSteps: () => [],
    prepareEvidence: (taskId, evidence, { events }) =>
      chain.prepare({ kind: 'evidence', taskId, evidence, events }),
    checkpointSent: (taskId, block, height) =>
      ask(() => {
        const found = chain.accepted.find(
          (one) => one.taskId === taskId && one.block === block && one.last === height,
        )
        return found?.call ?? null
      }),
    refusal: (call) => ask(() => chain.refusal(call.data)),
    twinAggregate: (call) => ask(() => chain.twin?.aggregate(call) ?? null),
    send: (call: PreparedCall) =>
      travel<SendOutcome>((answer) =>
        chain.submit(self, call.data, (error) =>
          answer(
            error === null
              ? { kind: 'mined', block: chain.head, hash: chain.hashOf(chain.head), gasUsed: 0n }
              : { kind: 'reverted', error },
          ),
        ),
      ),
    gasBalance: () => ask(() => 10n ** 18n),
    registration: (key) =>
      ask(() => {
        const registered = chain.registration(key)
        if (registered === null) return null
        const { operator, perTaskWei, totalWei } = registered
        const allowance = { perTaskWei, totalWei, runningWei: chain.runningWei(key) }
        return { operator, active: true, freeStakeWei: 10n ** 20n, lockedStakeWei: 0n, allowance }
      }),
    close: () => undefined,
  }
}

function pageAfter(
  chain: MemoryChain,
  after: number,
  afterHash: string | null,
  blocksMax: number,
): EventPage | null | 'reorg' {
  if (afterHash !== null && chain.hashOf(after) !== afterHash) return 'reorg'
  const block = Math.min(chain.head - chain.reorgDepth, after + blocksMax)
  if (block <= after) return null
  return {
    events: chain.eventsIn(after + 1, block),
    block,
    hash: chain.hashOf(block),
    time: chain.timeOf(block),
  }
}

/** What a node sees of an endpoint that does not answer. */
export function rpcDown(): RsdpError {
  return failure('E_RPC_DOWN', 'the endpoint does not answer', EXIT.unreachable)
}

function failure(code: 'E_REORG' | 'E_RPC_DOWN', message: string, exit: RsdpError['exit']): RsdpError {
  return new RsdpError({ code, message, hint: 'see the same code of the real chain client', exit })
}
