import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { requireRegularFile } from '../files/regular-file.ts'
import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { Deployment } from './deployment-schema.ts'
import { deploymentSchema, parseDeployment } from './deployment-schema.ts'

export { deploymentSchema, parseDeployment } from './deployment-schema.ts'
export type { ContractName, Deployment } from './deployment-schema.ts'

/** Where a deployment's file is kept: `<dir>/<chainId>.json`. */
export function deploymentPath(dir: string, chainId: number): string {
  return join(dir, `${chainId}.json`)
}

/** Reads and checks a deployment file. @throws RsdpError E_NO_DEPLOYMENT, E_DEPLOYMENT_FILE */
export async function readDeployment(path: string): Promise<Deployment> {
  let text: string
  try {
    requireRegularFile(path)
    text = await readFile(path, 'utf8')
  } catch (cause) {
    throw new RsdpError({
      code: 'E_NO_DEPLOYMENT',
      message: `cannot read the deployment file ${path}: ${(cause as Error).message}`,
      hint: 'deploy first, or name the file of an existing deployment',
      exit: EXIT.precondition,
      details: { path },
      cause,
    })
  }
  return parseDeployment(text, path)
}

/** Writes a deployment file, whole or not at all, over whatever was there. */
export async function writeDeployment(path: string, deployment: Deployment): Promise<void> {
  const text = `${JSON.stringify(deploymentSchema.parse(deployment), null, 2)}\n`
  await mkdir(dirname(path), { recursive: true })
  const temporary = `${path}.${process.pid}.tmp`
  try {
    await writeFile(temporary, text, { flush: true })
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
}
