import { RsdpError } from '../../../types/errors.ts'
import { EXIT } from '../../../types/exit-codes.ts'
import type { Digest } from '../../../types/ids.ts'

/** Endpoints show different blocks at a height that should be final. */
export function forkError(block: number, hashes: ReadonlyMap<string, Digest>): RsdpError {
  const shown = [...hashes].map(([name, hash]) => `${name} ${hash}`).join(', ')
  return new RsdpError({
    code: 'E_RPC_FORK',
    message: `RPC endpoints disagree on block ${block}: ${shown}`,
    hint: 'nothing is read until most of them agree; compare the block with others, and take the wrong endpoint out',
    exit: EXIT.unreachable,
    details: { block, hashes: Object.fromEntries(hashes) },
  })
}

/** Logs of a block that nobody can settle. */
export function logsError(block: number, names: readonly string[], why: string): RsdpError {
  return new RsdpError({
    code: 'E_RPC_LOGS',
    message: `logs of block ${block} from ${names.join(', ')} ${why}`,
    hint: 'nothing is read past this block until that is settled; use another RPC endpoint, or add a third one',
    exit: EXIT.unreachable,
    details: { block, endpoints: names },
  })
}

export function reorgError(block: number, seen: Digest, expected: Digest, depth: number): RsdpError {
  return new RsdpError({
    code: 'E_REORG',
    message: `block ${block} is ${seen} now and was ${expected}: history that was ${depth} blocks deep is gone`,
    hint: 'compare the block with other endpoints; another one may be right. If the chain has turned back: docs/operator.md, “After a deep re-org”',
    exit: EXIT.mismatch,
    details: { block, seen, expected },
  })
}

/** Every endpoint is at an earlier block than this node. */
export function behindError(shown: string, head: number, block: number): RsdpError {
  return new RsdpError({
    code: 'E_RPC_DOWN',
    message: `${shown} is at block ${head}, this node has read up to ${block}`,
    hint: 'wait, ask another RPC endpoint, or take a new data directory if the chain was started again',
    exit: EXIT.unreachable,
    details: { url: shown, reason: 'behind', head, block },
  })
}
