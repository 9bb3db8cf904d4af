import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { SECRET_NAME, Secrets } from './secrets.ts'

const SECRET_FILE = /^\.env|\.(?:pw|pass|password|key|pem|secret|token)$/i

export interface SecretSources {
  readonly dataDir: string
  /** Files that the operator names. */
  readonly files: readonly string[]
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Where `.env` files are looked for, beside the data directory. */
  readonly folder: string
}

/**
 * What this machine knows to be secret: the token of a running node, the key file, password files, `.env` files, variables
 * of the environment by their names, and what gives access in URLs of any variable.
 *
 * @returns also files that should have been read and could not be
 */
export function knownSecrets({ dataDir, files, environment, folder }: SecretSources): {
  readonly secrets: Secrets
  readonly unread: readonly string[]
} {
  const secrets = new Secrets()
  const paths = new Set([...files, ...secretFilesIn(dataDir), ...secretFilesIn(folder)])
  for (const [name, value = ''] of Object.entries(environment)) {
    if (name === 'CREDENTIALS_DIRECTORY') for (const file of filesIn(value)) paths.add(join(value, file))
    secrets.addUrl(value)
    if (!SECRET_NAME.test(name)) continue
    if (isFile(value)) paths.add(value)
    else for (const line of value.split('\n')) secrets.add(line.trim())
  }
  const token = tokenIn(join(dataDir, 'control.json'))
  if (token !== null) secrets.add(token)
  return { secrets, unread: [...paths].filter((path) => !secrets.addFile(path)) }
}

function secretFilesIn(folder: string): string[] {
  const own = existsSync(join(folder, 'key')) ? ['key'] : []
  return [...own, ...filesIn(folder).filter((name) => SECRET_FILE.test(name))].map((name) =>
    join(folder, name),
  )
}

function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
      entry.isDirectory() ? [] : [entry.name],
    )
  } catch {
    return []
  }
}

const isFile = (path: string): boolean => {
  try {
    return statSync(path).isFile()
  } catch {
    return false
  }
}

function tokenIn(path: string): string | null {
  try {
    const { token } = JSON.parse(readFileSync(path, 'utf8')) as { readonly token?: unknown }
    return typeof token === 'string' ? token : null
  } catch {
    return null
  }
}
