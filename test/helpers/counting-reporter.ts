/**
 * Mocha reporter for `scripts/test.ts`: the spec listing for people, and at the end the counts as JSON in the file
 * that RSDP_TEST_COUNTS names. A run that dies before its end leaves no file, which the runner counts as a crash.
 */
import { writeFileSync } from 'node:fs'
import Mocha from 'mocha'

export interface Counts {
  readonly passed: number
  /** Full titles. */
  readonly failed: readonly string[]
  readonly skipped: readonly { readonly name: string; readonly reason: string }[]
}

function reasonOf(test: Mocha.Test): string {
  let at: Mocha.Test | Mocha.Suite | undefined = test
  while (at !== undefined) {
    const reason = (at as { skipReason?: string }).skipReason
    if (reason !== undefined) return reason
    at = at.parent
  }
  return 'no reason given'
}

export default class CountingReporter extends Mocha.reporters.Spec {
  constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
    super(runner, options)
    let passed = 0
    const failed: string[] = []
    const skipped: { name: string; reason: string }[] = []
    runner.on('pass', () => void (passed += 1))
    runner.on('fail', (test) => void failed.push(test.fullTitle()))
    runner.on('pending', (test) => void skipped.push({ name: test.fullTitle(), reason: reasonOf(test) }))
    runner.on('end', () => {
      const file = process.env['RSDP_TEST_COUNTS']
      const counts: Counts = { passed, failed, skipped }
      if (file !== undefined) writeFileSync(file, JSON.stringify(counts))
    })
  }
}
