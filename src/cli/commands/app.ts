import { readdir, writeFile } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { makeFolder } from '../../adapters/files/make-folder.ts'
import { keccak } from '../../codec/hex.ts'
import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { ExitCode } from '../../types/exit-codes.ts'
import { buildApp } from '../app/folder.ts'
import { appFiles } from '../app/template.ts'
import type { AppNewOptions } from '../options.ts'
import type { CommandContext } from '../run-command.ts'

/** Writes a new application into a folder that is empty or not there. */
export async function appNew(
  folder: string,
  { twin }: AppNewOptions,
  { output }: CommandContext,
): Promise<ExitCode> {
  if (folder === '') throw refuse('the application has no name', 'name its folder')
  const dir = resolve(folder)
  const name = basename(dir)
  if (!/^[a-z][a-z0-9-]{0,39}$/.test(name))
    throw refuse(`${name} is no name for an application`, 'lower-case letters, digits and dashes, at most 40')
  makeFolder(dir)
  if ((await readdir(dir)).length > 0) throw refuse(`${folder} is not empty`, 'name another folder')
  const files = appFiles(name, twin)
  for (const [file, text] of files) await writeFile(join(dir, file), text)
  const written = [...files.keys()]
  output.result(
    { dir, files: written },
    `${written.map((file) => join(folder, file)).join('\n')}\nnext  rsdp app test ${folder}`,
  )
  return EXIT.ok
}

/** Compiles an application and says by which hash its reducer is known. */
export async function appBuild(folder: string, { output }: CommandContext): Promise<ExitCode> {
  const { id, name, bundle, twin } = await buildApp(folder)
  const twinCodeHash = twin === null ? null : keccak(twin.runtime)
  output.result(
    { id, name, bytes: bundle.length, twinCodeHash },
    `reducer  ${name}\nid       ${id}\nbundle   ${bundle.length} bytes, ${join(folder, 'build', 'bundle.js')}` +
      (twinCodeHash === null ? '' : `\ntwin     code hash ${twinCodeHash}`),
  )
  return EXIT.ok
}

function refuse(message: string, hint: string): RsdpError {
  return new RsdpError({ code: 'E_APP_NEW', message, hint, exit: EXIT.usage })
}
