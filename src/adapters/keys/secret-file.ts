import { accessSync, closeSync, constants, fstatSync, openSync, readFileSync, statSync } from 'node:fs'
import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'

/** Longest file that is read as a secret. */
const BYTES_MAX = 65_536

/** Who may open a file, as the system says it. */
export interface Permissions {
  /** All bits of the mode. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
  /** Nobody can change the mode here: the file is on a file system that is mounted read-only. */
  readonly isReadOnly: boolean
}

/** The user and groups that this process runs as. */
export interface Process {
  readonly uid: number
  readonly groups: readonly number[]
}

/** Why a file is not taken for a secret. */
export interface Exposed {
  readonly text: string
  readonly hint: string
}

/**
 * What keeps a file from being a secret; null if nothing. Only its owner may open it. What cannot be changed from here (a
 * file of root's that this process is handed, or one on a read-only mount) may also be readable, no more, by one group:
 * root's, or one that this process runs in. That is how Kubernetes, Compose and systemd mount secrets.
 */
export function exposure(path: string, file: Permissions, me: Process): Exposed | null {
  const mode = file.mode & 0o777
  if ((mode & 0o077) === 0) return null
  const isChangeable = !file.isReadOnly && (me.uid === file.uid || me.uid === 0)
  const isHandedOver =
    (mode & 0o037) === 0 && file.uid === 0 && (file.gid === 0 || me.groups.includes(file.gid))
  if (!isChangeable && isHandedOver) return null
  return {
    text: `others may open ${path} (mode ${showMode(mode)})`,
    hint: isChangeable
      ? `chmod 600 ${path}`
      : 'its mode is set where it is mounted: 0400, or 0440 with root as owner and a group of this process (defaultMode and fsGroup in Kubernetes, mode in Compose)',
  }
}

/** Mode of a file, octal, and what keeps it from being taken for a secret. */
export function permissionsOf(path: string): { readonly mode: string; readonly exposed: Exposed | null } {
  const { mode, uid, gid } = statSync(path)
  const exposed = exposure(path, { mode, uid, gid, isReadOnly: isReadOnly(path) }, thisProcess())
  return { mode: showMode(mode & 0o777), exposed }
}

/**
 * Bytes of a file that only its owner may read or write, but see `exposure`.
 *
 * @param what names the file in messages: `key file`, `password file`
 * @throws RsdpError E_NO_KEY if it cannot be read, E_KEY_PERM if others may, E_KEY_FORMAT if it is no file or too long
 */
export function readSecretFile(path: string, what: string): Buffer {
  const file = open(path, what)
  try {
    const { mode, uid, gid, size } = fstatSync(file)
    const isFile = (mode & 0o170000) === 0o100000
    if (!isFile || size > BYTES_MAX) {
      throw new RsdpError({
        code: 'E_KEY_FORMAT',
        message: `the ${what} ${path} is ${isFile ? `${size} bytes long` : 'not a file'}`,
        hint: 'give the path of a file as `rsdp keys` writes it',
        exit: EXIT.precondition,
        details: { path },
      })
    }
    const exposed = exposure(path, { mode, uid, gid, isReadOnly: isReadOnly(path) }, thisProcess())
    if (exposed !== null) {
      throw new RsdpError({
        code: 'E_KEY_PERM',
        message: `${what}: ${exposed.text}`,
        hint: exposed.hint,
        exit: EXIT.precondition,
        details: { path },
      })
    }
    return readFileSync(file)
  } finally {
    closeSync(file)
  }
}

const showMode = (mode: number): string => mode.toString(8).padStart(4, '0')

function thisProcess(): Process {
  const groups = [...(process.getgroups?.() ?? []), process.getegid?.() ?? -1]
  return { uid: process.geteuid?.() ?? -1, groups }
}

function isReadOnly(path: string): boolean {
  try {
    accessSync(path, constants.W_OK)
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EROFS'
  }
}

function open(path: string, what: string): number {
  try {
    // a pipe that nobody writes to would hold the call up
    return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (cause) {
    throw new RsdpError({
      code: 'E_NO_KEY',
      message: `cannot open the ${what} ${path}: ${(cause as NodeJS.ErrnoException).code ?? 'unknown reason'}`,
      hint: `check the path, or make the ${what} first`,
      exit: EXIT.precondition,
      details: { path },
      cause,
    })
  }
}
