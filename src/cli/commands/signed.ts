import { closeSync, existsSync, openSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { readDeployment } from '../../adapters/evm/deployment.ts'
import type { ExchangeOptions } from '../../adapters/sqlite/exchange.ts'
import { exportHistory, importHistory } from '../../adapters/sqlite/exchange.ts'
import { readRegularFile, requireReplaceable } from '../../adapters/files/regular-file.ts'
import { writeWholeFile } from '../../adapters/system/write-file.ts'
import { decodeSigningHistory, encodeSigningHistory } from '../../codec/signing-history.ts'
import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { ExitCode } from '../../types/exit-codes.ts'
import { keyFacts } from '../key-store.ts'
import type { SignedExportOptions, SignedOptions } from '../options.ts'
import type { CommandContext } from '../run-command.ts'
import { confirm } from '../terminal.ts'

/** The store of a data directory: whose it is follows from the key file and the deployment file. */
export async function storeOptions({
  dataDir,
  deployment,
}: Pick<SignedOptions, 'dataDir' | 'deployment'>): Promise<ExchangeOptions> {
  const { chainId, deploymentId } = await readDeployment(deployment)
  const path = join(dataDir, 'key')
  const key = keyFacts(path, path)?.address ?? null
  if (key !== null) return { dataDir, key, deploymentId, chainId: BigInt(chainId) }
  throw new RsdpError({
    code: 'E_NO_KEY',
    message: `${path} is missing, or does not say its address`,
    hint: 'put the node’s key file there; rsdp keys import writes one that says its address',
    exit: EXIT.precondition,
    details: { path },
  })
}

/** What a stopped node has signed. Unless told otherwise its data directory signs no more. */
export async function signedExport(
  options: SignedExportOptions,
  { output }: CommandContext,
): Promise<ExitCode> {
  const { dataDir, out, keep, yes } = options
  const store = await storeOptions(options)
  if (!existsSync(join(dataDir, 'store.sqlite'))) throw noStore(dataDir)
  const effect = keep ? [] : [`retire   ${dataDir}: no node starts on it any more`]
  await confirm({ effect, yes: yes || keep }, output.say)
  // an unwritable file must show before the store is retired
  requireWritable(out)
  const history = exportHistory(store, !keep)
  onDisk(out, () => writeWholeFile(out, encodeSigningHistory(history), { mode: 0o600, replace: true }))
  const tasks = history.marks.length
  const isUnknown = !keep && !history.isFinal
  output.result(
    { file: out, final: history.isFinal, tasks },
    `wrote what ${history.key} signed in ${tasks} tasks to ${out}${history.isFinal ? '' : '; it is not the last word'}`,
    isUnknown ? [`the store of ${dataDir} has lost something: nobody knows how high it signed`] : [],
  )
  return EXIT.ok
}

/** Takes a file of `signed export` in. */
export async function signedImport(
  file: string,
  options: SignedOptions,
  { output }: CommandContext,
): Promise<ExitCode> {
  const store = await storeOptions(options)
  const history = decodeSigningHistory(read(file))
  if (history === null) throw badFile(file, 'is not what rsdp signed export writes')
  const changed = importHistory(store, history)
  const unknown = changed.filter(({ height }) => height === null).length
  output.result(
    { file, tasks: history.marks.length, raised: changed.length - unknown, unknown },
    `${changed.length - unknown} tasks raised, ${unknown} of which nothing is known, ${history.marks.length - changed.length} as before`,
  )
  return EXIT.ok
}

function requireWritable(path: string): void {
  const probe = `${path}.${process.pid}.probe`
  onDisk(path, () => {
    requireReplaceable(path)
    closeSync(openSync(probe, 'wx', 0o600))
    rmSync(probe)
  })
}

function onDisk(path: string, act: () => void): void {
  try {
    act()
  } catch (cause) {
    throw new RsdpError({
      code: 'E_FILE_WRITE',
      message: `cannot write ${path}: ${(cause as NodeJS.ErrnoException).code ?? 'unknown reason'}`,
      hint: 'name another file with --out, and run it again',
      exit: EXIT.precondition,
      details: { path },
      cause,
    })
  }
}

function read(file: string): string {
  try {
    return readRegularFile(file).toString('utf8')
  } catch (cause) {
    throw badFile(file, `cannot be read: ${(cause as NodeJS.ErrnoException).code ?? 'unknown reason'}`, cause)
  }
}

function badFile(file: string, why: string, cause?: unknown): RsdpError {
  return new RsdpError({
    code: 'E_HISTORY_FILE',
    message: `${file} ${why}`,
    hint: 'nothing was changed',
    exit: EXIT.precondition,
    details: { file },
    cause,
  })
}

function noStore(dataDir: string): RsdpError {
  return new RsdpError({
    code: 'E_NO_STORE',
    message: `${dataDir} has no store: no node has run on it`,
    hint: 'name the data directory of the node with --data-dir',
    exit: EXIT.precondition,
    details: { dataDir },
  })
}
