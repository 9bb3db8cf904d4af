import { readFile } from 'node:fs/promises'
import { requireRegularFile } from '../../adapters/files/regular-file.ts'
import { readDeployment } from '../../adapters/evm/deployment.ts'
import { openHistory } from '../../adapters/evm/open-history.ts'
import { recoverSigner } from '../../adapters/keys/keyring.ts'
import { examineTask } from '../../audit/audit-task.ts'
import { wantedBodies } from '../../audit/wanted-bodies.ts'
import { findReducerByHash } from '../../reducers/catalog.ts'
import type { Bundle } from '../../sandbox/bundle.ts'
import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { ExitCode } from '../../types/exit-codes.ts'
import { noBundle, openBundle } from '../app/find-bundle.ts'
import type { Aggregated, Replayed } from '../app/replay.ts'
import { isChanged, recording, replay } from '../app/replay.ts'
import { foreignReducer, unable } from '../app/task-reducer.ts'
import { hexOf } from '../app/task-work.ts'
import { bodySource, gatherBodies } from '../body-sources.ts'
import type { AppReplayOptions } from '../options.ts'
import type { CommandContext } from '../run-command.ts'
import { parseTaskId } from './task-list.ts'

/** Heights told one by one. */
const TOLD_MAX = 20

/**
 * Takes the heights of a task, as anchored, and runs them through another bundle: what would change if the next task had
 * it. Only heights that come out of the task's own reducer count. Exit 6 if any changes.
 */
export async function appReplay(
  id: string,
  options: AppReplayOptions,
  { output }: CommandContext,
): Promise<ExitCode> {
  const taskId = parseTaskId(id)
  const other = options.bundle === undefined ? null : openBundle(await bytesOf(options.bundle))
  const history = openHistory(options.rpcUrl, await readDeployment(options.deployment))
  try {
    const read = await history.read(taskId)
    const params = read.events.find((event) => event.name === 'TaskPublished')?.args.params
    const sources = (options.bodies ?? []).map(bodySource)
    const foreign = await foreignReducer(read, options, sources, output.say)
    const bundle = other ?? foreign
    if (params === undefined || bundle === null) throw noBundle(params?.reducer ?? `of task ${id}`)
    const kept = new Map<number, Aggregated>()
    const bodies = await gatherBodies(sources.length === 0 ? [] : wantedBodies(read), sources, output.say)
    const { report } = examineTask(read, {
      recover: recoverSigner,
      bodiesOf: (height) => bodies.get(height) ?? [],
      findReducer: (hash) => {
        const found = findReducerByHash(hash) ?? (foreign?.id === hash ? foreign.asReducer() : null)
        return found === null ? null : recording(found, kept)
      },
    })
    if (foreign !== null && foreign.hostFault !== null) throw unable(foreign.hostFault)
    // the reducer ran over other heights, too, and gave what nobody attests
    for (const { height, recomputed } of report.heights) if (!recomputed) kept.delete(height)
    if (kept.size === 0) throw nothingToReplay(id)
    const reducerParams = options.params === undefined ? params.reducerParams : hexOf(options.params)
    requireParams(bundle, reducerParams)
    const heights = replay(bundle, reducerParams, kept)
    if (bundle.hostFault !== null) throw unable(bundle.hostFault)
    const changed = heights.filter(isChanged)
    const lines = [
      `task     ${id}, reducer ${report.reducer ?? ''}`,
      `replay   with ${bundle.name}, ${bundle.id}`,
      ...changed.slice(0, TOLD_MAX).map(render),
      `heights  ${heights.length}, of which ${changed.length} change`,
    ]
    output.result({ taskId, reducer: report.reducer, with: bundle.id, heights }, lines.join('\n'))
    return changed.length === 0 ? EXIT.ok : EXIT.mismatch
  } finally {
    history.close()
  }
}

function render({ height, before, after, code, refused }: Replayed): string {
  const now = after ?? `no state: ${code ?? ''}`
  const inputs = refused.length === 0 ? '' : `; it refuses the inputs of ${refused.join(', ')}`
  return `height ${height}\n  was  ${before}\n  now  ${now}${inputs}`
}

async function bytesOf(file: string): Promise<Uint8Array> {
  try {
    requireRegularFile(file)
    return new Uint8Array(await readFile(file))
  } catch (cause) {
    throw new RsdpError({
      code: 'E_BUNDLE_FILE',
      message: `${file} cannot be read`,
      hint: '--bundle names a file: build/bundle.js of an application',
      exit: EXIT.precondition,
      details: { file },
      cause,
    })
  }
}

function requireParams(bundle: Bundle, params: `0x${string}`): void {
  if (bundle.acceptsParams(params)) return
  throw new RsdpError({
    code: 'E_PARAMS',
    message: `${bundle.name} does not read the params of the task`,
    hint: 'give it params of its own: --params 0x…',
    exit: EXIT.usage,
  })
}

function nothingToReplay(id: string): RsdpError {
  return new RsdpError({
    code: 'E_NO_HEIGHTS',
    message: `no height of task ${id} could be recomputed`,
    hint: `rsdp audit ${id} says why; inputs that are not on chain come from --bodies`,
    exit: EXIT.precondition,
  })
}
