import { fromHex } from '../../codec/hex.ts'
import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { Hex } from '../../types/ids.ts'
import type { Bundle } from '../../sandbox/bundle.ts'
import type { SimulatedApp } from '../../sim/application.ts'
import { openBundle } from './find-bundle.ts'
import { readApp, readSource } from './folder.ts'
import { CAPS } from './task-work.ts'

/** An application for simulated worlds: its bundle in the sandbox, its source opened by each node. @throws RsdpError E_APP */
export async function simulatedApp(folder: string): Promise<SimulatedApp> {
  const { id, params, inputs, bundle: bytes } = await readApp(folder)
  const bundle = openBundle(bytes)
  const { open } = await readSource(folder, id)
  const worst = costliest(bundle, params, inputs.map(fromHex))
  return {
    ...simulatedBundle(bundle, params),
    open: (request) => {
      const source = open(request)
      if (source !== null) return source
      throw new RsdpError({
        code: 'E_APP',
        message: `the source of ${folder} has no states for the params of its own example`,
        hint: 'what source.ts exports returns a source, and null only for tasks of others',
        exit: EXIT.precondition,
        details: { folder },
      })
    },
    worst: () => worst,
  }
}

/** What worlds need of a bundle. */
export function simulatedBundle(bundle: Bundle, params: Hex): Omit<SimulatedApp, 'open' | 'worst'> {
  return {
    name: bundle.id,
    hash: bundle.id,
    params,
    usesPrevious: bundle.usesPrevious,
    ...CAPS,
    bundle,
    run: (call) => {
      const result = bundle.reduce(call)
      return result.ok ? { ok: true, state: result.state } : { ok: false, code: result.code }
    },
    isValid: (input) => bundle.judge(params, input).accepts,
    event: null,
  }
}

/** Of the author's inputs the one that takes the most fuel alone; the first if none can be aggregated. */
function costliest(bundle: Bundle, params: Hex, inputs: readonly Uint8Array[]): Uint8Array {
  const context = { seed: bundle.id, height: 1, members: [], previous: new Uint8Array(), events: [] }
  const fuelOf = (state: Uint8Array): bigint =>
    bundle.reduce({ reducer: bundle.id, params, context, inputs: [{ member: 0, state }] }).fuel
  const [first = new Uint8Array(), ...others] = inputs
  return others.reduce((worst, input) => (fuelOf(input) > fuelOf(worst) ? input : worst), first)
}
