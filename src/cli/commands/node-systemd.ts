import { realpathSync, statSync } from 'node:fs'
import { basename, dirname, extname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readDeployment } from '../../adapters/evm/deployment.ts'
import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { ExitCode } from '../../types/exit-codes.ts'
import { requireDataDir } from '../data-dir.ts'
import { isBareKey } from '../key-store.ts'
import type { NodeSystemdOptions } from '../node-options.ts'
import type { CommandContext } from '../run-command.ts'
import { isAtHome, unitOf } from '../systemd/unit.ts'
import type { UnitFacts } from '../systemd/unit.ts'
import { needsInput } from '../terminal.ts'

const HOME_WARNING =
  'the node can read all homes: keep program, data directory and deployment file out of /home and /root'

/** Prints a unit of systemd that runs the node of a data directory. Writes nothing. */
export async function nodeSystemd(
  options: NodeSystemdOptions,
  { output }: CommandContext,
): Promise<ExitCode> {
  requireDataDir(options.dataDir)
  await readDeployment(options.deployment)
  const dataDir = realpathSync(options.dataDir)
  const name = basename(dataDir)
  const facts: UnitFacts = {
    ...program(),
    dataDir,
    deployment: realpathSync(options.deployment),
    user: options.user,
    passwordFile: passwordFileOf(options, join(dataDir, 'key')),
    environmentFile: resolve(options.envFile ?? `/etc/rsdp/${name}.env`),
  }
  const unit = unitOf(facts)
  output.result({ name: `rsdp-${name}.service`, unit }, unit.trimEnd(), [
    ...(isAtHome([...facts.program, dataDir, facts.deployment]) ? [HOME_WARNING] : []),
  ])
  output.say(
    `settings of this shell are not in it: put RSDP_RPC_URL=… and the like into ${facts.environmentFile}`,
  )
  return EXIT.ok
}

/** The launcher of the repository, which finds Node; of the package, the Node that runs this and its program. */
function program(): Pick<UnitFacts, 'program' | 'searchPath'> {
  const main = fileURLToPath(new URL(`../main${extname(import.meta.url)}`, import.meta.url))
  if (extname(main) === '.ts') {
    const searchPath = [...new Set([dirname(process.execPath), '/usr/local/bin', '/usr/bin', '/bin'])].join(
      ':',
    )
    return { program: [fileURLToPath(new URL('../../../rsdp', import.meta.url))], searchPath }
  }
  return { program: [process.execPath, join(dirname(main), 'bin.js')], searchPath: null }
}

/** @throws RsdpError E_NEEDS_INPUT: nobody types a password for systemd; E_NO_KEY */
function passwordFileOf({ passwordFile }: NodeSystemdOptions, key: string): string | null {
  if (passwordFile === undefined) {
    if (isBareKey(key)) return null
    throw needsInput(`${key} has a password`, '--password-file')
  }
  const path = resolve(passwordFile)
  if (isThere(path)) return path
  throw new RsdpError({
    code: 'E_NO_KEY',
    message: `there is no password file ${path}`,
    hint: 'check the path, or make the file first',
    exit: EXIT.precondition,
    details: { path },
  })
}

/** Also where this user may not look: systemd reads it as root. */
function isThere(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EACCES'
  }
}
