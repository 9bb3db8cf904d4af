import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../..', import.meta.url))
export const reporter = join(root, 'test/helpers/counting-reporter.ts')
const bin = (path: string): string => join(root, 'node_modules', path)

export interface Command {
  readonly name: string
  readonly args: readonly string[]
}

export interface Suite {
  readonly name: string
  /** Without a match the suite does not exist yet. */
  readonly files: string
  /** Commands that are one test each, by exit code; else the one command that writes its counts. */
  readonly checks?: readonly Command[]
  readonly args?: readonly string[]
  /** Every file is a process of its own; a file that fails runs once more, alone (`runFiles`). */
  readonly isRetried?: boolean
  /** Files that take longest, by name, longest first: they begin first, so that none is left alone at the end. */
  readonly long?: readonly string[]
}

function mochaSuite(name: string, timeoutMs: number): Suite {
  const files = `test/${name}/**/*.test.ts`
  return { name, files, args: [...mocha(timeoutMs), files] }
}

function mocha(timeoutMs: number): string[] {
  return [bin('mocha/bin/mocha.js'), '--forbid-only', '--timeout', `${timeoutMs}`, '--reporter', reporter]
}

const CHECKS: readonly Command[] = [
  {
    name: 'format (prettier)',
    args: [bin('prettier/bin/prettier.cjs'), '--check', '--log-level', 'warn', '.'],
  },
  { name: 'lint (eslint)', args: [bin('eslint/bin/eslint.js'), '--max-warnings', '0', '.'] },
  {
    name: 'lint (solhint)',
    args: [
      bin('solhint/solhint.js'),
      '--noPoster',
      '--disc',
      '--max-warnings',
      '0',
      'contracts/**/*.sol',
      'test/{solidity,proofs}/*.sol',
    ],
  },
  { name: 'types (tsc)', args: [bin('typescript/bin/tsc')] },
  {
    name: 'types of the page (tsc)',
    args: [bin('typescript/bin/tsc'), '-p', 'src/dashboard/page/tsconfig.json'],
  },
]

export const SUITES: readonly Suite[] = [
  { name: 'check', files: 'package.json', checks: CHECKS },
  mochaSuite('unit', 60_000),
  mochaSuite('property', 120_000),
  mochaSuite('scenarios', 60_000),
  mochaSuite('sim', 300_000),
  mochaSuite('conformance', 60_000),
  {
    name: 'contracts',
    // Hardhat's runner takes every file of the folder
    files: 'test/contracts/**/*.ts',
    args: [bin('hardhat/dist/src/cli.js'), 'test', 'mocha'],
  },
  { name: 'solidity', files: 'test/solidity/*.t.sol', args: ['test/helpers/solidity-suite.ts'] },
  mochaSuite('proofs', 900_000),
  {
    name: 'e2e',
    files: 'test/e2e/**/*.test.ts',
    args: mocha(300_000),
    isRetried: true,
    long: [
      ...[
        'slashing',
        'user-pages-hardhat',
        'examples',
        'audit-flips',
        'package',
        'stock-reducers',
        'life-hardhat',
      ],
      ...[
        'machines',
        'step-by-step',
        'dashboard',
        'amqp',
        'demo-telecom',
        'line',
        'user-pages-author',
        'life-anvil',
      ],
      ...['offline', 'demo', 'kill', 'foreign-bundles', 'audit-follow', 'money', 'faulty-members'],
    ],
  },
]
