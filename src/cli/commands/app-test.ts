import { fromHex } from '../../codec/hex.ts'
import { FUEL } from '../../sandbox/profile.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { ExitCode } from '../../types/exit-codes.ts'
import { openBundle } from '../app/find-bundle.ts'
import { buildApp, drawOf } from '../app/folder.ts'
import { tryReducer } from '../app/trial.ts'
import type { TwinReport, TwinSubject } from '../app/twin-trial.ts'
import type { AppTestOptions } from '../options.ts'
import type { CommandContext } from '../run-command.ts'

/** Builds an application and tries its reducer in the sandbox, and its twin against it. Exit 6 if it would fail a task. */
export async function appTest(
  folder: string,
  { cases }: AppTestOptions,
  { output }: CommandContext,
): Promise<ExitCode> {
  const app = await buildApp(folder)
  const bundle = openBundle(app.bundle)
  const inputs = app.inputs.map(fromHex)
  const report = tryReducer(bundle, app.params, inputs)
  const { fuelMax, stateBytesMax } = report
  const subject = { bundle, params: app.params, inputs, draw: await drawOf(folder) }
  const twin = app.twin === null ? null : await tried({ ...subject, twin: app.twin }, cases)
  const trials = [...report.trials, ...(twin?.trials ?? [])]
  const lines = trials.map(({ name, problem }) => (problem === null ? `✔ ${name}` : `✖ ${name}: ${problem}`))
  const percent = Number((fuelMax * 1_000n) / FUEL.aggregate) / 10
  lines.push(
    `fuel     at most ${fuelMax}, ${percent} % of the budget`,
    `states   at most ${stateBytesMax} bytes`,
  )
  const gas = twin?.gas ?? null
  if (gas !== null) lines.push(`twin     ${gas} gas for a full list`)
  const isSound = trials.every(({ problem }) => problem === null)
  const twinFacts = twin === null ? {} : { twin: { cases, gas } }
  output.result({ id: app.id, isSound, ...report, trials, ...twinFacts }, lines.join('\n'))
  return isSound ? EXIT.ok : EXIT.mismatch
}

async function tried(subject: TwinSubject, cases: number): Promise<TwinReport> {
  const { startBareEvm } = await import('../../adapters/hardhat/bare-evm.ts')
  const { tryTwin } = await import('../app/twin-trial.ts')
  const evm = await startBareEvm()
  try {
    return await tryTwin(subject, evm, cases)
  } finally {
    await evm.close()
  }
}
