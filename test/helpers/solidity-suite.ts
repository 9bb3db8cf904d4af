/** Runs the Solidity tests (`test/solidity`) and writes their counts like the mocha reporter does. */
import { globSync, writeFileSync } from 'node:fs'
import hre from 'hardhat'
import type { Counts } from './counting-reporter.ts'

interface Run {
  readonly suiteResults: readonly {
    readonly testResults: readonly {
      readonly name: string
      readonly status: 'Success' | 'Failure' | 'Skipped'
    }[]
  }[]
}

const testFiles = globSync('test/solidity/*.t.sol').sort()
const result = (await hre.tasks.getTask(['test', 'solidity']).run({ testFiles })) as {
  readonly success: boolean
  readonly value?: Run
  readonly error?: Run
}
const tests = (result.value ?? result.error)?.suiteResults.flatMap(({ testResults }) => testResults)
const file = process.env['RSDP_TEST_COUNTS']
if (tests !== undefined && file !== undefined) {
  const names = (wanted: string): string[] =>
    tests.filter(({ status }) => status === wanted).map(({ name }) => name)
  const counts: Counts = {
    passed: names('Success').length,
    failed: names('Failure'),
    skipped: names('Skipped').map((name) => ({ name, reason: 'skipped by the test itself' })),
  }
  writeFileSync(file, JSON.stringify(counts))
}
process.exitCode = result.success ? 0 : 1
