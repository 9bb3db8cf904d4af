import { readFile, writeFile } from 'node:fs/promises'
import { requireRegularFile } from '../../adapters/files/regular-file.ts'
import { hashed, pageFile } from '../../adapters/esbuild/page-file.ts'
import { readDeployment, writeDeployment } from '../../adapters/evm/deployment.ts'
import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { ExitCode } from '../../types/exit-codes.ts'
import type { PageOptions, VerifyPageOptions } from '../options.ts'
import type { CommandContext } from '../run-command.ts'

const TIMEOUT_MS = 10_000
/** The page is below 1 MB. */
const BYTES_MAX = 8 << 20

/** Writes the dashboard as one file, pins its hashes in a deployment file, and says them. */
export async function page(
  { out, pin, deployment }: PageOptions,
  { output }: CommandContext,
): Promise<ExitCode> {
  const { html, sha256, keccak256 } = await pageFile()
  // read first: a file that is none must leave nothing half done
  const pinned = pin ? await readDeployment(deployment) : null
  if (out !== undefined) await write(out, html)
  if (pinned !== null) await writeDeployment(deployment, { ...pinned, page: { sha256, keccak256 } })
  const bytes = Buffer.byteLength(html)
  const lines = [`sha256     ${sha256}`, `keccak256  ${keccak256}`, `bytes      ${String(bytes)}`]
  output.result(
    { sha256, keccak256, bytes, ...(out === undefined ? {} : { file: out }), ...(pin ? { deployment } : {}) },
    [
      ...lines,
      ...(out === undefined ? [] : [`wrote      ${out}`]),
      ...(pin ? [`pinned in  ${deployment}`] : []),
    ].join('\n'),
  )
  return EXIT.ok
}

/**
 * Whether a page that somebody serves, or a file, is the one that the deployment file pins; without a pin, the one that this
 * program builds. Exit 6 if it is another.
 */
export async function verifyPage(
  where: string,
  options: VerifyPageOptions,
  { output }: CommandContext,
): Promise<ExitCode> {
  const pinned = options.own ? undefined : (await readDeployment(options.deployment)).page
  const expected = pinned ?? (await pageFile())
  const by =
    pinned === undefined ? 'the page that this program builds' : `the page that ${options.deployment} pins`
  const found = hashed(/^https?:/.test(where) ? await fetchPage(where) : await readPage(where))
  const isRight = found.sha256 === expected.sha256 && found.keccak256 === expected.keccak256
  const data = {
    ...{ page: where, verified: isRight, against: pinned === undefined ? 'own' : 'deployment' },
    ...{ sha256: found.sha256, keccak256: found.keccak256, expectedSha256: expected.sha256 },
  }
  const verdict = isRight ? `✔ ${where} is ${by}` : `✖ ${where} is not ${by}`
  output.result(data, [verdict, `sha256    ${found.sha256}`, `expected  ${expected.sha256}`].join('\n'))
  return isRight ? EXIT.ok : EXIT.mismatch
}

async function fetchPage(url: string): Promise<string> {
  const failed = (what: string, cause?: unknown): RsdpError =>
    new RsdpError({
      code: 'E_PAGE_DOWN',
      message: `${url} ${what}`,
      hint: 'is the dashboard running? rsdp dev prints its address',
      exit: EXIT.unreachable,
      cause,
    })
  let response: Response
  let bytes: Uint8Array
  try {
    response = await fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(TIMEOUT_MS) })
    bytes = response.status === 200 ? await limited(response) : new Uint8Array()
  } catch (cause) {
    throw failed('cannot be read', cause)
  }
  if (response.status !== 200) throw failed(`answered HTTP ${String(response.status)}`)
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)
}

/** The body, up to the limit: what is longer is another page anyhow. */
async function limited(response: Response): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let length = 0
  const body: AsyncIterable<Uint8Array> | null = response.body
  for await (const chunk of body ?? []) {
    chunks.push(chunk)
    length += chunk.byteLength
    if (length > BYTES_MAX) break
  }
  return Buffer.concat(chunks)
}

async function readPage(path: string): Promise<string> {
  try {
    requireRegularFile(path)
    return await readFile(path, 'utf8')
  } catch (cause) {
    throw new RsdpError({
      code: 'E_PAGE_FILE',
      message: `cannot read ${path}: ${(cause as NodeJS.ErrnoException).code ?? 'unknown reason'}`,
      hint: 'give the address of a page, or a file',
      exit: EXIT.precondition,
      cause,
    })
  }
}

async function write(path: string, html: string): Promise<void> {
  try {
    await writeFile(path, html)
  } catch (cause) {
    throw new RsdpError({
      code: 'E_FILE_WRITE',
      message: `cannot write ${path}: ${(cause as NodeJS.ErrnoException).code ?? 'unknown reason'}`,
      hint: 'name another file with --out',
      exit: EXIT.precondition,
      cause,
    })
  }
}
