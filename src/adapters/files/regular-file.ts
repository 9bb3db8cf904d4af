import { closeSync, constants, fstatSync, openSync, readFileSync, statSync } from 'node:fs'

/** Of a file that somebody named, where nothing smaller is known. */
const FILE_BYTES_MAX = 64 << 20

/** As the system says it of a file: whoever knows its errors knows these. */
function fileError(code: string, syscall: string, path: string, why: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: ${why}, ${syscall} '${path}'`), { code, syscall, path })
}

/**
 * What a path leads to is to be replaced by a file: a device, a pipe or a socket would be gone. What is not there may come.
 *
 * @throws the system's kind of error: EISDIR, EINVAL
 */
export function requireReplaceable(path: string): void {
  const found = statSync(path, { throwIfNoEntry: false })
  if (found === undefined || found.isFile()) return
  if (found.isDirectory()) throw fileError('EISDIR', 'write', path, 'illegal operation on a directory')
  throw fileError('EINVAL', 'write', path, 'no regular file')
}

/**
 * Before a file that somebody named is read in another way: no device that never ends, no pipe that nobody writes to.
 *
 * @throws the system's error, and EISDIR, EINVAL, EFBIG
 */
export function requireRegularFile(path: string, bytesMax = FILE_BYTES_MAX): void {
  const found = statSync(path)
  if (found.isDirectory()) throw fileError('EISDIR', 'read', path, 'illegal operation on a directory')
  if (!found.isFile()) throw fileError('EINVAL', 'read', path, 'no regular file')
  if (found.size > bytesMax) throw fileError('EFBIG', 'read', path, `longer than ${String(bytesMax)} bytes`)
}

/**
 * The bytes of a file that somebody named: no device that never ends, no pipe that nobody writes to.
 *
 * @throws the system's error, and EINVAL, EFBIG
 */
export function readRegularFile(path: string, bytesMax = FILE_BYTES_MAX): Buffer {
  // a pipe without a writer would hold the call up
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    const found = fstatSync(file)
    if (found.isDirectory()) throw fileError('EISDIR', 'read', path, 'illegal operation on a directory')
    if (!found.isFile()) throw fileError('EINVAL', 'read', path, 'no regular file')
    if (found.size > bytesMax) throw fileError('EFBIG', 'read', path, `longer than ${String(bytesMax)} bytes`)
    return readFileSync(file)
  } finally {
    closeSync(file)
  }
}
