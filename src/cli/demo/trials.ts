/**
 * The comparison many times, in virtual time and with numbered seeds: `--help` says more.
 *
 *   ./rsdp --script src/cli/demo/trials.ts
 */
import { parseArgs } from 'node:util'
import { EXIT } from '../../types/exit-codes.ts'
import { runCommand } from '../run-command.ts'
import { integerOption, usageError } from './arguments.ts'
import { WINDOWS } from '../../demo/trace.ts'
import { runTrials } from '../../demo/trials-run.ts'
import { trialsTable } from './tables.ts'
import type { TrialsOptions } from '../../demo/trials-run.ts'

const USAGE = `The demo's comparison with each of some seeds, in virtual time: leases that seven members agree on, a static even
split, and one limiter for all, over the same requests. Members, queues, leases and the provider's meter are those of the demo;
the protocol is replaced by how long it takes. A seed deals the requests, draws the later budget and the times.

  ./rsdp --script src/cli/demo/trials.ts
  ./rsdp --script src/cli/demo/trials.ts --count 40 --heights 60 --calm

  --first N     first seed (default 1)
  --count N     seeds, 2 … 1000 (default 10)
  --heights N   windows of the trace, 12 … 60 (default 24, as in the demo)
  --calm        without the demo's liar and slow node
  --json        one JSON envelope on stdout
  --help`

await runCommand('rate-limit trials', process.argv.includes('--json'), async ({ output }) => {
  const options = parse(process.argv.slice(2))
  if (options === null) {
    console.log(USAGE)
    return EXIT.ok
  }
  const rows = await runTrials(options)
  output.result({ ...options, rows }, trialsTable(rows))
  return EXIT.ok
})

function parse(args: string[]): TrialsOptions | null {
  try {
    const { values } = parseArgs({
      args,
      options: {
        first: { type: 'string', default: '1' },
        count: { type: 'string', default: '10' },
        heights: { type: 'string', default: '24' },
        calm: { type: 'boolean', default: false },
        json: { type: 'boolean' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    })
    if (values.help) return null
    return {
      first: integerOption('first', values.first, 1, 2 ** 31),
      count: integerOption('count', values.count, 2, 1_000),
      heights: integerOption('heights', values.heights, 12, WINDOWS),
      isDisturbed: !values.calm,
    }
  } catch (error) {
    throw usageError(error)
  }
}
