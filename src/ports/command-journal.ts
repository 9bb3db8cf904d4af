/** A command that this node has taken, and what became of it. */
export interface JournaledCommand {
  readonly session: bigint
  /** From 1 in each session, without gaps. */
  readonly seq: number
  readonly command: Uint8Array
  /** The name that a client gave it; null: none. */
  readonly request: string | null
  /** Height decided last when it was taken: no height up to this one holds it. */
  readonly since: number
  /** It is addressed to the line of tasks: what this task does not hold goes to the next one. */
  readonly isForLine: boolean
}

/** Where a command came out. */
export interface CommandAnswer {
  readonly height: number
  /** What the machine answered. */
  readonly result: Uint8Array
}

/** A command that was applied. */
export interface SettledCommand extends CommandAnswer {
  readonly session: bigint
  readonly seq: number
}

/**
 * What a node has promised to propose in one task. Every write has reached the disk when the call returns; a failed write
 * throws RsdpError E_JOURNAL.
 */
export interface CommandJournal {
  /** Session of the last command that was taken, and its number; null before the first. */
  last(): { readonly session: bigint; readonly seq: number } | null
  add(command: JournaledCommand): void
  /** Commands without an answer, by session and number. */
  pending(): readonly JournaledCommand[]
  /** Keeps the answers, all or none, for who asks again by the name of the request; the oldest go. */
  settle(answers: readonly SettledCommand[]): void
  /** The command will never be applied: nothing of it is kept. */
  drop(session: bigint, seq: number): void
  /** The answer to a request that was named so, or null. */
  answered(request: string): CommandAnswer | null
  close(): void
}
