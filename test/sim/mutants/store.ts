import type { Mutant } from './load.ts'

/** A store that is broken on purpose, each by a line or two. */
export const STORE_MUTANTS = {
  noFencing: {
    name: 'a copy takes entries under a smaller token than it has seen',
    edits: [['services/store/replica.ts', 'if (token < this.#seen) return', 'if (token < 0n) return']],
  },
  staleLease: {
    name: 'a primary reads after its lease',
    edits: [
      [
        'services/store/replica.ts',
        'return this.#now + Number(SKEW_MS_MAX) < leaseEndMs',
        'return this.#now + Number(SKEW_MS_MAX) < leaseEndMs + 60_000',
      ],
    ],
  },
  trustsItsWallClock: {
    name: 'a primary knows how late it is from its wall clock alone',
    edits: [['services/store/lease-time.ts', 'return latest(this.#bound, nowMs)', 'return 0']],
  },
  acknowledgesEarly: {
    name: 'a write is answered before a majority has it',
    edits: [['services/store/lead.ts', '[Math.floor(size / 2)] ?? 0', '[0] ?? 0']],
  },
  tokenMayBeEqual: {
    name: 'a token that is only as great as the last one counts as a new one',
    edits: [
      [
        'services/store/replica.ts',
        'if (token > this.#seen) this.#see(token)\n    switch',
        'if (token >= this.#seen) this.#see(token)\n    switch',
      ],
    ],
  },
  readsNoMajority: {
    name: 'a new primary begins with what it has itself',
    edits: [
      [
        'services/store/lead.ts',
        'if (!isMajority(this.positions.size, group)) return null',
        'if (group.size > 0) return self',
      ],
    ],
  },
} as const satisfies Readonly<Record<string, Mutant>>
