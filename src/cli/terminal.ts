import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'
import { RsdpError } from '../types/errors.ts'
import { EXIT } from '../types/exit-codes.ts'

/** The person in front of the program, if there is one. */
export interface Terminal {
  /** False: nobody can answer, so nothing is asked. */
  readonly isInteractive: boolean
  /** One line; null if the person ends the input instead. `hidden`: what is typed is not shown. */
  readonly ask: (question: string, hidden?: boolean) => Promise<string | null>
}

/** stdin and stderr of this process: stdout is for the result. */
export const processTerminal: Terminal = {
  isInteractive: process.stdin.isTTY && process.stderr.isTTY,
  ask: (question, hidden = false) =>
    new Promise((resolve) => {
      const silent = new Writable({ write: (_chunk, _encoding, done) => done() })
      const output = hidden ? silent : process.stderr
      const lines = createInterface({ input: process.stdin, output, terminal: true })
      if (hidden) process.stderr.write(question)
      lines.on('SIGINT', () => lines.close())
      lines.on('close', () => {
        if (hidden) process.stderr.write('\n')
        resolve(null)
      })
      lines.question(hidden ? '' : question, (answer) => {
        resolve(answer)
        lines.close()
      })
    }),
}

/** An answer was needed and there was nobody to give it. `flag` answers it without asking. */
export function needsInput(what: string, flag: string): RsdpError {
  return new RsdpError({
    code: 'E_NEEDS_INPUT',
    message: `${what}, and there is nobody to ask`,
    hint: `give ${flag}`,
    exit: EXIT.usage,
    details: { flag },
  })
}

export interface Confirmation {
  /** What will happen, one fact a line. */
  readonly effect: readonly string[]
  /** `--yes` */
  readonly yes: boolean
}

/**
 * Shows what will happen and asks whether it shall, unless `--yes` says so.
 *
 * @throws RsdpError E_NEEDS_INPUT without a terminal, E_REFUSED for any answer but y or yes
 */
export async function confirm(
  { effect, yes }: Confirmation,
  say: (line: string) => void,
  terminal: Terminal = processTerminal,
): Promise<void> {
  for (const line of effect) say(line)
  if (yes) return
  if (!terminal.isInteractive) throw needsInput('this asks before it is done', '--yes')
  const answer = await terminal.ask('Go on? [y/N] ')
  if (/^y(es)?$/i.test(answer?.trim() ?? '')) return
  throw new RsdpError({
    code: 'E_REFUSED',
    message: 'you did not say yes',
    hint: 'nothing was sent; run it again to go on',
    exit: EXIT.precondition,
  })
}
