import { RsdpError } from '../types/errors.ts'
import { EXIT } from '../types/exit-codes.ts'

/** What the system says about files, and what to do about it. Anything else is a bug of ours. */
const HINTS: Readonly<Record<string, string>> = {
  ENOSPC: 'free some space there, then run it again',
  EDQUOT: 'free some space of your quota there, then run it again',
  EFBIG: 'name a smaller file; or raise the limit on the size of files (ulimit -f)',
  EINVAL: 'it is no regular file: name one',
  EROFS: 'it is mounted read-only: name a place that can be written',
  EACCES: 'check who may read and write there, and as whom this runs',
  EPERM: 'check who may read and write there, and as whom this runs',
  EIO: 'check the disk: the system reports a failure of the device',
  ENOENT: 'check the path',
  ENOTDIR: 'a part of the path is a file: name another place',
  EISDIR: 'it is a folder: name a file',
  EEXIST: 'move what is there away, or name another place',
  ENAMETOOLONG: 'name a shorter path',
  ELOOP: 'its links lead in a circle: name the file itself',
  EMFILE: 'raise the limit on open files (ulimit -n)',
  ENFILE: 'too many files are open on this machine',
  EBUSY: 'something else holds it: stop that first',
  ESTALE: 'the file system behind it has gone: mount it again',
}

/** An error of a file or a folder as one of ours; null for every other error. */
export function diskFault(error: unknown): RsdpError | null {
  if (!(error instanceof Error) || error instanceof RsdpError || !('syscall' in error)) return null
  const { code = '', path, syscall } = error as NodeJS.ErrnoException
  const hint = HINTS[code]
  // sockets and processes have no such errors, or no path
  const isOnDisk = path !== undefined || /^(read|write|fsync|ftruncate|close)$/.test(syscall ?? '')
  if (hint === undefined || !isOnDisk || (syscall ?? '').startsWith('spawn')) return null
  return new RsdpError({
    code: 'E_DISK',
    message: `cannot ${syscall} ${path ?? 'a file'}: ${code}`,
    hint,
    exit: EXIT.precondition,
    details: { path, reason: code },
    cause: error,
  })
}
