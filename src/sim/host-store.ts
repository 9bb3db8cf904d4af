import type { Store, StoredHeight } from '../ports/store.ts'
import type { Digest } from '../types/ids.ts'
import type { LogEntry } from '../types/log.ts'
import type { Kept } from '../protocol/state.ts'
import type { Signed } from '../types/objects.ts'

export interface StoreWatch {
  /** Before and after every write: each may be the last thing that happens. */
  readonly burn: () => void
  /** This object was signed: whether it becomes durable is not certain. */
  readonly signed: (signed: Signed, kept: Kept) => void
  /** These entries are durable. */
  readonly logged: (entries: readonly LogEntry[]) => void
  /** This decision is durable. */
  readonly decided: (height: StoredHeight, bodies: ReadonlyMap<Digest, Uint8Array>) => void
}

/** A store whose every write may be the first thing that does not happen, and that shows what became durable. */
export function watchedStore(store: Store, { burn, signed, logged, decided }: StoreWatch): Store {
  const write = <T>(run: () => T, seen: () => void = () => undefined): T => {
    burn()
    const result = run()
    seen()
    burn()
    return result
  }
  return {
    signOnce: (request) =>
      write(
        () =>
          store.signOnce({
            ...request,
            sign: () => {
              const made = request.sign()
              signed(made, request.kept)
              return made
            },
          }),
        () => logged(request.entries),
      ),
    append: (cluster, entries) =>
      write(
        () => store.append(cluster, entries),
        () => logged(entries),
      ),
    decide: (cluster, height, bodies) =>
      write(
        () => store.decide(cluster, height, bodies),
        () => decided(height, bodies),
      ),
    heights: (cluster, fromHeight, count) => store.heights(cluster, fromHeight, count),
    states: (cluster, fromHeight, count) => store.states(cluster, fromHeight, count),
    body: (cluster, hash) => store.body(cluster, hash),
    checkpoint: (cluster, height) => store.checkpoint(cluster, height),
    load: (cluster) => store.load(cluster),
    log: (cluster, first, last) => store.log(cluster, first, last),
    keepEvidence: (cluster, evidence) => write(() => store.keepEvidence(cluster, evidence)),
    markEvidence: (cluster, id, status, tx) => write(() => store.markEvidence(cluster, id, status, tx)),
    evidence: (cluster) => store.evidence(cluster),
    cursor: () => store.cursor(),
    setCursor: (block, hash) => write(() => store.setCursor(block, hash)),
    enqueue: (entry) => write(() => store.enqueue(entry)),
    outbox: () => store.outbox(),
    verdict: store.verdict,
    find: (cluster, key) => store.find(cluster, key),
    born: () => store.born(),
    setBorn: (block) => write(() => store.setBorn(block)),
    memory: (cluster) => store.memory(cluster),
    setMemory: (cluster, memory) => write(() => store.setMemory(cluster, memory)),
    settle: (id) => write(() => store.settle(id)),
    close: () => store.close(),
  }
}
