import { fromHex, isHex } from '../../codec/hex.ts'
import { findReducer, reducerHash, reducerIds } from '../../reducers/catalog.ts'
import { usesPrevious } from '../../reducers/reducer.ts'
import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { Hex } from '../../types/ids.ts'
import type { TaskPublishOptions } from '../options.ts'
import type { TaskWork } from '../task-params.ts'

/** Room for a state of 128 rows, and for an input. */
export const CAPS = { stateCap: 8_192, inputCap: 1_024 }

/** What `task publish` is told to have computed; null: the example. @throws RsdpError E_APP, E_REDUCER, E_PARAMS */
export async function taskWork({
  app,
  reducer: name,
  params,
}: Pick<TaskPublishOptions, 'app' | 'reducer' | 'params'>): Promise<TaskWork | null> {
  if (app !== undefined) {
    if (name !== undefined) throw usage('E_REDUCER', '--app brings its own reducer', 'leave --reducer out')
    const { readApp } = await import('./folder.ts')
    const { openBundle } = await import('./find-bundle.ts')
    const { id, usesPrevious: previous, params: example, bundle } = await readApp(app)
    const reducerParams = params === undefined ? example : hexOf(params)
    const isAccepted = openBundle(bundle).acceptsParams(reducerParams)
    if (!isAccepted)
      throw usage('E_PARAMS', `the reducer of ${app} does not read these params`, 'see its params codec')
    return { reducer: id, reducerParams, usesPrevious: previous, ...CAPS }
  }
  if (name === undefined) {
    if (params !== undefined)
      throw usage('E_PARAMS', '--params without --app or --reducer', 'say whose they are')
    return null
  }
  const reducer = findReducer(name)
  if (reducer === null)
    throw usage('E_REDUCER', `no stock reducer ${name}`, `one of ${reducerIds().join(', ')}`)
  const reducerParams = hexOf(params ?? '')
  if (reducer.params.decode(fromHex(reducerParams)) === null)
    throw usage('E_PARAMS', `${name} does not read these params`, 'docs/reducers.md names their fields')
  return { reducer: reducerHash(name), reducerParams, usesPrevious: usesPrevious(reducer), ...CAPS }
}

/** Bytes from the command line. @throws RsdpError E_PARAMS */
export function hexOf(text: string): Hex {
  if (isHex(text)) return text
  throw usage(
    'E_PARAMS',
    `${text === '' ? 'nothing' : text} is no hex`,
    'bytes are written as 0x and two lower-case digits each',
  )
}

function usage(code: `E_${string}`, message: string, hint: string): RsdpError {
  return new RsdpError({ code, message, hint, exit: EXIT.usage })
}
