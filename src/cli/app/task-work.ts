import { fromHex, isHex } from '../../codec/hex.ts'
import { hasTwin, reducerHash, reducerIds } from '../../reducers/catalog.ts'
import { usesPrevious } from '../../reducers/reducer.ts'
import { STATE_BYTES_MAX } from '../../reducers/run.ts'
import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { Hex } from '../../types/ids.ts'
import type { TaskPublishOptions } from '../options.ts'
import { toJson } from '../output.ts'
import type { TaskWork } from '../task-params.ts'
import { describedStock, paramsFrom } from './named-fields.ts'

/** Room for a state of 128 rows, and for an input. */
export const CAPS = { stateCap: 8_192, inputCap: 1_024 }
/**
 * Of machines and services: they fill inputs, and a checkpoint has no room for those of its heights (`R · maxNodes · inputCap ≤
 * 31,744`). Members keep the inputs; an audit asks them.
 */
const FULL_TERMS = { stateCap: STATE_BYTES_MAX, inputCap: STATE_BYTES_MAX, calldataInputs: false }
const SMALL_TERMS = { ...CAPS, calldataInputs: true }

/** What `task publish` is told to have computed; null: the example. @throws RsdpError E_APP, E_REDUCER, E_PARAMS */
export async function taskWork({
  app,
  reducer: name,
  params,
}: Pick<TaskPublishOptions, 'app' | 'reducer' | 'params'>): Promise<TaskWork | null> {
  if (app !== undefined) {
    if (name !== undefined) throw usage('E_REDUCER', '--app brings its own reducer', 'leave --reducer out')
    const { describedApp, readApp } = await import('./folder.ts')
    const { openBundle } = await import('./find-bundle.ts')
    const { id, usesPrevious: previous, params: example, bundle } = await readApp(app)
    const described = params === undefined || isHex(params) ? null : await describedApp(app)
    const given = described === null ? params : paramsFrom(described, params ?? '')
    const reducerParams = given === undefined ? example : given
    if (reducerParams === null || !isHex(reducerParams) || !openBundle(bundle).acceptsParams(reducerParams))
      throw usage(
        'E_PARAMS',
        `the reducer of ${app} does not read these params`,
        'its example has all fields',
      )
    return { reducer: id, reducerParams, usesPrevious: previous, ...SMALL_TERMS }
  }
  if (name === undefined) {
    if (params !== undefined)
      throw usage('E_PARAMS', '--params without --app or --reducer', 'say whose they are')
    return null
  }
  const described = describedStock(name)
  if (described === null)
    throw usage('E_REDUCER', `no stock reducer ${name}`, `one of ${reducerIds().join(', ')}`)
  const { reducer, exampleParams } = described
  const reducerParams = isHex(params ?? '') ? (params as Hex) : paramsFrom(described, params ?? '')
  if (reducerParams === null || reducer.params.decode(fromHex(reducerParams)) === null)
    throw usage(
      'E_PARAMS',
      `${name} does not read these params`,
      `for example --params '${toJson(exampleParams)}'`,
    )
  const terms = hasTwin(name) ? SMALL_TERMS : FULL_TERMS
  return { reducer: reducerHash(name), reducerParams, usesPrevious: usesPrevious(reducer), ...terms }
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
