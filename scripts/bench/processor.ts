import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

const MS_PER_TICK = 1_000 / Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }))

/** Processor time that processes have used since they began, ms: user and system (proc(5), fields 14 and 15). */
export function processorMs(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => {
    const text = readFileSync(`/proc/${String(pid)}/stat`, 'utf8')
    // the name of the program, in brackets, may have spaces
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    return sum + (Number(fields[11]) + Number(fields[12])) * MS_PER_TICK
  }, 0)
}
