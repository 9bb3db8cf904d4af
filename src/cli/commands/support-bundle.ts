import type { Command } from 'commander'
import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { ExitCode } from '../../types/exit-codes.ts'
import { requireDataDir } from '../data-dir.ts'
import type { SupportBundleOptions } from '../operator-options.ts'
import { table } from '../output.ts'
import type { CommandContext } from '../run-command.ts'
import { requireRoomFor, writeBundle } from '../support/bundle-file.ts'
import { knownSecrets } from '../support/known-secrets.ts'
import { collectParts } from '../support/parts.ts'
import { MASK } from '../support/secrets.ts'

/** Writes what somebody else needs to find a fault of a node, without its secrets, into one archive. */
export async function supportBundle(
  options: SupportBundleOptions,
  program: Command,
  { output }: CommandContext,
): Promise<ExitCode> {
  const { dataDir, secretFile = [], force } = options
  requireDataDir(dataDir)
  const folder = `rsdp-support-${new Date().toISOString().replaceAll(/[-:]|\.\d+/g, '')}`
  const path = options.out ?? `${folder}.tar.gz`
  requireRoomFor(path, force)
  const { secrets, unread } = knownSecrets({
    ...{ dataDir, files: secretFile, environment: process.env, folder: process.cwd() },
  })
  const named = secretFile.find((file) => unread.includes(file))
  if (named !== undefined) throw unreadable(named)
  const parts = (await collectParts(options, program, output.say)).map((part) => ({
    ...part,
    text: secrets.mask(part.text),
  }))
  const entries = parts.map(({ name, text }) => ({ name: `${folder}/${name}`, bytes: Buffer.from(text) }))
  const bytes = writeBundle(path, entries, force)
  const files = parts.map(({ name, sourceBytes, text }) => ({
    ...{ name, sourceBytes, bytes: Buffer.byteLength(text), masked: text.split(MASK).length - 1 },
  }))
  const rows = files.map((file) => [
    file.name,
    file.sourceBytes ?? '-',
    String(file.bytes),
    String(file.masked),
  ])
  output.result(
    { path, bytes, files },
    [
      table(['file', 'bytes', 'in the bundle', 'masked'], rows),
      `wrote ${path}: ${String(bytes)} bytes`,
      `read it before you give it away: tar -xzf ${path}`,
    ].join('\n'),
    unread.map((file) => `${file} cannot be read: what it holds was not searched for`),
  )
  return EXIT.ok
}

function unreadable(path: string): RsdpError {
  return new RsdpError({
    code: 'E_SECRET_FILE',
    message: `${path} cannot be read, is not a file, or is longer than 64 KiB`,
    hint: 'run this as a user who may read it: what it holds must not be in the bundle',
    exit: EXIT.precondition,
    details: { path },
  })
}
