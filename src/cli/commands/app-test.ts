import { fromHex } from '../../codec/hex.ts'
import { FUEL } from '../../sandbox/profile.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { ExitCode } from '../../types/exit-codes.ts'
import { openBundle } from '../app/find-bundle.ts'
import { buildApp } from '../app/folder.ts'
import { tryReducer } from '../app/trial.ts'
import type { CommandContext } from '../run-command.ts'

/** Builds an application and tries its reducer in the sandbox. Exit 6 if it would fail a task. */
export async function appTest(folder: string, { output }: CommandContext): Promise<ExitCode> {
  const app = await buildApp(folder)
  const report = tryReducer(openBundle(app.bundle), app.params, app.inputs.map(fromHex))
  const { trials, fuelMax, stateBytesMax } = report
  const lines = trials.map(({ name, problem }) => (problem === null ? `✔ ${name}` : `✖ ${name}: ${problem}`))
  const percent = Number((fuelMax * 1_000n) / FUEL.aggregate) / 10
  lines.push(
    `fuel     at most ${fuelMax}, ${percent} % of the budget`,
    `states   at most ${stateBytesMax} bytes`,
  )
  const isSound = trials.every(({ problem }) => problem === null)
  output.result({ id: app.id, isSound, ...report }, lines.join('\n'))
  return isSound ? EXIT.ok : EXIT.mismatch
}
