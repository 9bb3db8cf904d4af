import type {
  CommandAnswer,
  CommandJournal,
  JournaledCommand,
  SettledCommand,
} from '../../../src/ports/command-journal.ts'

/** A journal of commands on a disk that never fails: it outlives the node. */
export class MemoryJournal implements CommandJournal {
  #last: { readonly session: bigint; readonly seq: number } | null = null
  #pending: JournaledCommand[] = []
  readonly #answers = new Map<string, CommandAnswer>()

  last(): { readonly session: bigint; readonly seq: number } | null {
    return this.#last
  }

  add(command: JournaledCommand): void {
    this.#pending.push(command)
    this.#last = { session: command.session, seq: command.seq }
  }

  pending(): readonly JournaledCommand[] {
    return this.#pending
  }

  settle(answers: readonly SettledCommand[]): void {
    for (const { session, seq, height, result } of answers) {
      const command = this.#pending.find((one) => one.session === session && one.seq === seq)
      if (command !== undefined && command.request !== null)
        this.#answers.set(command.request, { height, result })
      this.drop(session, seq)
    }
  }

  drop(session: bigint, seq: number): void {
    this.#pending = this.#pending.filter((one) => one.session !== session || one.seq !== seq)
  }

  answered(request: string): CommandAnswer | null {
    return this.#answers.get(request) ?? null
  }

  /** What the node has said before is forgotten, if all of it is answered: its next command begins a session. */
  forgetSession(): void {
    if (this.#pending.length === 0) this.#last = null
  }

  close(): void {
    // it stays for the next life
  }
}
