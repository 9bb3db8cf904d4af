import type { Mark } from '../../codec/seal.ts'
import type { SigningHistory } from '../../codec/signing-history.ts'
import { mergeHeights } from '../../codec/signing-history.ts'
import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import { retire } from './retired.ts'
import type { StoreOptions } from './store.ts'
import { openRetired, openStore } from './store.ts'

export interface ExchangeOptions extends StoreOptions {
  readonly chainId: bigint
}

/**
 * What the store of a stopped node has signed. With `retires` the store signs no more before this returns: the history is
 * then the last word. An interrupted export can be repeated.
 *
 * @throws RsdpError of `openStore`
 */
export function exportHistory({ chainId, ...options }: ExchangeOptions, retires: boolean): SigningHistory {
  const { deploymentId, key, dataDir } = options
  const store = openRetired(options)
  try {
    const marks = store.marks()
    if (retires) retire(dataDir)
    return { chainId, deploymentId, key, isFinal: retires && store.verdict !== 'lost', marks }
  } finally {
    store.close()
  }
}

/**
 * Takes a history into the store of a stopped node, or into a new one. No height is lowered. A history that is not final
 * says only where something was signed: there nothing is known.
 *
 * @returns tasks that changed
 * @throws RsdpError E_HISTORY_FOREIGN, and those of `openStore`
 */
export function importHistory(
  { chainId, ...options }: ExchangeOptions,
  history: SigningHistory,
): readonly Mark[] {
  requireOwn('chain', String(history.chainId), String(chainId))
  requireOwn('deployment', history.deploymentId, options.deploymentId)
  requireOwn('key', history.key, options.key)
  const store = openStore(options)
  try {
    const known = new Map(store.marks().map(({ cluster, height }) => [cluster, height]))
    const changed = history.marks.flatMap((mark): Mark[] => {
      const before = known.get(mark.cluster)
      const told = history.isFinal ? mark.height : null
      const height = before === undefined ? told : mergeHeights(before, told)
      return height === before ? [] : [{ cluster: mark.cluster, height }]
    })
    store.setMarks(changed)
    return changed
  } finally {
    store.close()
  }
}

function requireOwn(what: string, found: string, expected: string): void {
  if (found === expected) return
  throw new RsdpError({
    code: 'E_HISTORY_FOREIGN',
    message: `the file is of ${what} ${found}, the data directory is of ${what} ${expected}`,
    hint: 'import it where that key signs for that deployment; nothing was changed',
    exit: EXIT.precondition,
    details: { what, found, expected },
  })
}
