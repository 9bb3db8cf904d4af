import type { Counts } from './counting-reporter.ts'
import type { Lanes } from './lanes.ts'

/** More files than this that pass only the second time fail the run: they hide what is broken. */
export const FLAKY_FILES_MAX = 2

export interface FilesRun extends Counts {
  /** Tests that failed once and passed when their file ran again, alone. */
  readonly flaky: readonly string[]
}

/**
 * Runs test files in lanes, then each failed file once more, alone. The second run of a file counts. A test that
 * fails twice has failed; so has the run when more than FLAKY_FILES_MAX files needed their second run to pass.
 *
 * @param files in the order in which they begin
 * @param runFile counts of one file; a file that crashes has a failure that says so
 */
export async function runFiles(
  files: readonly string[],
  inLane: Lanes,
  runFile: (file: string) => Promise<Counts>,
): Promise<FilesRun> {
  const counts = await Promise.all(files.map((file) => inLane(() => runFile(file))))
  const final = new Map(files.map((file, index) => [file, counts[index] as Counts]))
  const failed = [...final].filter(([, counts]) => counts.failed.length > 0)
  const flaky: string[] = []
  let flakyFiles = 0
  for (const [file, first] of failed) {
    const second = await runFile(file)
    final.set(file, second)
    if (second.failed.length > 0) continue
    flakyFiles += 1
    flaky.push(...first.failed)
  }
  const all = [...final.values()]
  const tooMany =
    flakyFiles > FLAKY_FILES_MAX ? [`${flakyFiles} flaky files, at most ${FLAKY_FILES_MAX}`] : []
  return {
    passed: all.reduce((sum, { passed }) => sum + passed, 0),
    failed: [...all.flatMap((counts) => counts.failed), ...tooMany],
    skipped: all.flatMap((counts) => counts.skipped),
    flaky,
  }
}
