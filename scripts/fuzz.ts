/**
 * Runs the campaign of all invariants for long, in parts, each with the next seed: `npm run fuzz`. A part that is over
 * counts, whatever happens later. Ends at the first part that fails, with the calls that break the invariant.
 */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { EXIT } from '../src/types/exit-codes.ts'

const USAGE = `Holds the contracts against the invariants I1 … I21, over random calls of many actors.

  npm run fuzz -- --runs 10000 --seed 7

  --runs N   runs in all (default 400)
  --depth N  calls per run (default 128)
  --part N   runs per part (default 100)
  --seed N   seed of the first part; each part takes the next one (default 1)
  --help

exit codes: 0 all hold, 2 usage, 6 one does not`

const root = fileURLToPath(new URL('..', import.meta.url))
const { runs, depth, part, seed } = options()
const started = performance.now()
let done = 0
for (let next = seed; done < runs; next += 1) {
  const size = Math.min(part, runs - done)
  const output = campaign(size, next)
  if (output !== null) {
    console.log(`${output}\nseed ${next}, ${size} runs of ${depth} calls: an invariant does not hold`)
    process.exit(EXIT.mismatch)
  }
  done += size
  const seconds = Math.round((performance.now() - started) / 1000)
  console.log(`seed ${next}: ${done} of ${runs} runs, ${done * depth} calls, ${seconds} s`)
}

/** What the fuzzer says if an invariant broke, else null. */
function campaign(size: number, next: number): string | null {
  const cli = join(root, 'node_modules/hardhat/dist/src/cli.js')
  const files = ['test/solidity/Handler.t.sol', 'test/solidity/Campaign.t.sol']
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [cli, 'test', 'solidity', '--grep', 'invariant_all', ...files],
    {
      cwd: root,
      encoding: 'utf8',
      maxBuffer: 2 ** 28,
      env: {
        ...process.env,
        HARDHAT_DISABLE_TELEMETRY: 'true',
        CI: 'true',
        RSDP_SEED: `${next}`,
        RSDP_FUZZ_RUNS: `${size}`,
        RSDP_FUZZ_DEPTH: `${depth}`,
      },
    },
  )
  return status === 0 && stdout.includes('1 passing') ? null : stdout + stderr
}

function options(): { runs: number; depth: number; part: number; seed: number } {
  const { values } = parse()
  if (values.help === true) {
    console.log(USAGE)
    process.exit(EXIT.ok)
  }
  return {
    runs: whole(values.runs ?? '400'),
    depth: whole(values.depth ?? '128'),
    part: whole(values.part ?? '100'),
    seed: whole(values.seed ?? '1'),
  }
}

function parse() {
  const text = { type: 'string' } as const
  try {
    return parseArgs({
      options: { runs: text, depth: text, part: text, seed: text, help: { type: 'boolean', short: 'h' } },
    })
  } catch (error) {
    return refuse((error as Error).message)
  }
}

function whole(text: string): number {
  return /^[1-9]\d{0,8}$/.test(text) ? Number(text) : refuse(`${text} is not a number from 1 to 999999999`)
}

function refuse(message: string): never {
  console.error(`error[E_USAGE]: ${message} -> see --help`)
  process.exit(EXIT.usage)
}
