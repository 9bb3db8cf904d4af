import { existsSync } from 'node:fs'
import { readRegularFile } from '../../adapters/files/regular-file.ts'
import { fromHex, toHex } from '../../codec/hex.ts'
import { findReducer } from '../../reducers/catalog.ts'
import { RsdpError } from '../../types/errors.ts'
import { NIL } from '../../types/ids.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { ExitCode } from '../../types/exit-codes.ts'
import type { Digest } from '../../types/ids.ts'
import { findBundle, noBundle, openBundle } from '../app/find-bundle.ts'
import type { FoundBundle } from '../app/find-bundle.ts'
import { hexOf } from '../app/task-work.ts'
import { openDeployment } from '../local/wallets.ts'
import type { ReducerOptions, ReducerRunOptions } from '../options.ts'
import type { CommandContext } from '../run-command.ts'

/** What a bundle is. */
export async function reducerInspect(
  what: string,
  options: ReducerOptions,
  { output }: CommandContext,
): Promise<ExitCode> {
  const found = await bundleOf(what, options)
  const { id, name, usesPrevious, startFuel } = openBundle(found.bytes)
  const { from, authors } = found
  const bytes = found.bytes.length
  output.result(
    { id, name, bytes, from, authors, usesPrevious, startFuel },
    [
      `reducer  ${name}${usesPrevious ? ', needs the decided state of the height before' : ''}`,
      `id       ${id}`,
      `bundle   ${bytes} bytes from ${from}, ${startFuel} fuel to start`,
      `authors  ${authors.length === 0 ? 'none known' : authors.join(', ')}`,
    ].join('\n'),
  )
  return EXIT.ok
}

/** What a bundle makes of inputs. Exit 3 if it makes nothing of them. */
export async function reducerRun(
  what: string,
  options: ReducerRunOptions,
  { output }: CommandContext,
): Promise<ExitCode> {
  const bundle = openBundle((await bundleOf(what, options)).bytes)
  const params = hexOf(options.params)
  const states = options.inputs.map((input) => fromHex(hexOf(input)))
  const verdicts = states.map((state) => bundle.judge(params, state))
  const inputs = states.flatMap((state, member) =>
    verdicts[member]?.accepts === true ? [{ member, state }] : [],
  )
  const context = { seed: NIL, height: 1, members: [], previous: new Uint8Array(), events: [] }
  const result = bundle.reduce({ reducer: bundle.id, params, context, inputs })
  const state = result.ok ? toHex(result.state) : null
  const code = result.ok ? null : result.code
  const lines = verdicts.map(
    ({ accepts, fuel }, member) => `input ${member}  ${accepts ? 'accepted' : 'refused '}  ${fuel} fuel`,
  )
  lines.push(`state    ${state ?? `none: ${String(code)}`}`, `fuel     ${result.fuel}`)
  output.result({ id: bundle.id, verdicts, state, code, fuel: result.fuel }, lines.join('\n'))
  return result.ok ? EXIT.ok : EXIT.precondition
}

/** A file, or what an id stands for. @throws RsdpError E_NO_BUNDLE */
async function bundleOf(what: string, options: ReducerOptions): Promise<FoundBundle> {
  if (existsSync(what)) return { bytes: new Uint8Array(readRegularFile(what)), from: what, authors: [] }
  if (!/^0x[0-9a-f]{64}$/.test(what)) throw noSuch(what)
  const connection = await openDeployment(options.rpcUrl, options.deployment)
  try {
    const found = await findBundle(what as Digest, options.bundles ?? [], connection, options.bundleMirror)
    if (found === null) throw noBundle(what)
    return found
  } finally {
    connection.close()
  }
}

/** What was named is neither a file that is there nor an id. */
function noSuch(what: string): RsdpError {
  const isStock = findReducer(what) !== null
  const isId = /^0x[0-9a-f]*$/i.test(what)
  const message = isStock
    ? `${what} is a reducer of this package and no bundle`
    : isId
      ? `${what} is no id: 0x and 64 lower-case hex digits`
      : `there is no file ${what}`
  return new RsdpError({
    code: 'E_BUNDLE_FILE',
    message,
    hint: isStock
      ? 'its task is published by that name: rsdp task publish --reducer'
      : 'name build/bundle.js of an application, or the id that rsdp app build prints',
    exit: EXIT.precondition,
    details: { what },
  })
}
