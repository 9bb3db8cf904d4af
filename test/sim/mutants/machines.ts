import type { Mutant } from './load.ts'

/** So few sessions fit that they have to give way. */
const SMALL_TABLE = ['reducers/command-log/log-state.ts', 'SESSIONS_MAX = 256', 'SESSIONS_MAX = 12'] as const

/** Machines, logs and clients that are broken on purpose, each by a line or two. */
export const MACHINE_MUTANTS = {
  tokensMayBeEqual: {
    name: 'a term may begin with the token of the one before it',
    edits: [
      [
        'reducers/machines/leader-election.ts',
        'candidates.length > 0 && token > group.token',
        'candidates.length > 0 && token >= group.token',
      ],
    ],
  },
  holderWoken: {
    name: 'a holder that wakes after its lease may write',
    edits: [['reducers/fence.ts', 'if (token < highest) return false', 'if (token < 0n) return false']],
  },
  dedupeOffByOne: {
    name: 'the last command of a session that is brought again is applied again',
    edits: [
      [
        'reducers/command-log/sessions.ts',
        'return firstSeq <= next ? next - firstSeq : null',
        'return firstSeq <= next ? Math.max(0, next - firstSeq - 1) : null',
      ],
    ],
  },
  readsOwnState: {
    name: 'a read is answered from what this node has and what it is about to bring',
    edits: [
      [
        'agreement/agreement.ts',
        '    const isCommand = command.length',
        `    const mine = this.#codec.decode(this.#before)
    if (command[0] === 0 && mine?.kind === 'state') {
      const context = { proposer: this.#init.seats[0]?.key ?? '0x', agreedMs: 0n, token: 0n, index: 0n }
      let state = mine.machine
      for (const one of this.#pending) state = machine.apply(state, one.command, context).state
      const { result } = machine.apply(state, command, context)
      return Promise.resolve({ height: this.#height, result })
    }
    const isCommand = command.length`,
      ],
    ],
  },
  expiryForgets: {
    name: 'a session that has given way may begin again, and its commands with it',
    edits: [
      [
        'reducers/command-log/sessions.ts',
        'if (oldest.session > table.floor) table.floor = oldest.session',
        '',
      ],
      SMALL_TABLE,
    ],
  },
  workerWoken: {
    name: 'a worker that wakes after its lease may finish a job that waits again',
    edits: [
      [
        'reducers/machines/work-assignment.ts',
        "!isMine || job.status !== 'held'",
        "!isMine || (job.status !== 'held' && command.kind !== 'done')",
      ],
    ],
  },
  claimKeepsToken: {
    name: 'a job that is claimed again keeps the token of the claim before',
    edits: [
      [
        'reducers/machines/work-assignment.ts',
        'tries: job.tries + 1,\n    token,',
        'tries: job.tries + 1,\n    token: job.tries > 0 ? job.token : token,',
      ],
    ],
  },
  claimWithinSkew: {
    name: 'a job is claimed again at the end of its lease, within the skew of clocks',
    edits: [['reducers/lease.ts', 'agreedMs >= endMs + SKEW_MS_MAX', 'agreedMs >= endMs']],
  },
  /** Not broken: what `expiryForgets` is held against. */
  smallTable: { name: 'few sessions fit', edits: [SMALL_TABLE] },
} as const satisfies Readonly<Record<string, Mutant>>
