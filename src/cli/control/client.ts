import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { Control } from './file.ts'
import { readControl } from './file.ts'

const ANSWER_MS_MAX = 10_000

/**
 * Gives an order to the node that runs on a data directory.
 *
 * @throws RsdpError E_NODE_NOT_RUNNING, E_NODE_BUSY if it does not answer
 */
export async function order(
  dataDir: string,
  path: '/v1/stop' | `/v1/tasks/${bigint}/${'leave' | 'trust' | 'resume'}`,
): Promise<{ readonly control: Control; readonly answer: Readonly<Record<string, unknown>> }> {
  const control = readControl(dataDir)
  if (control === null) throw notRunning(dataDir)
  const authorization = `Bearer ${control.token}`
  const init = { method: 'POST', headers: { authorization } }
  const response = await ask(dataDir, `http://127.0.0.1:${control.port}${path}`, init)
  // another process has the port of a node that was killed
  if (response.status === 401 || response.status === 404) throw notRunning(dataDir)
  if (!response.ok) throw noAnswer(dataDir, `status ${response.status}`)
  return { control, answer: (await response.json()) as Record<string, unknown> }
}

/** What a node's health says; null if it is not running. @throws RsdpError E_NODE_BUSY */
export async function askHealth(
  dataDir: string,
): Promise<{ readonly control: Control; readonly health: Readonly<Record<string, unknown>> } | null> {
  const control = readControl(dataDir)
  if (control === null) return null
  try {
    const response = await ask(dataDir, `http://127.0.0.1:${control.port}/status`, {})
    const health = (await response.json()) as Record<string, unknown>
    return health['key'] === control.key ? { control, health } : null
  } catch (error) {
    if (error instanceof RsdpError && error.code === 'E_NODE_BUSY') throw error
    return null
  }
}

async function ask(dataDir: string, url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, { ...init, signal: AbortSignal.timeout(ANSWER_MS_MAX) })
  } catch (error) {
    if (error instanceof DOMException && error.name === 'TimeoutError') throw noAnswer(dataDir, 'no answer')
    throw notRunning(dataDir)
  }
}

export function notRunning(dataDir: string): RsdpError {
  return new RsdpError({
    code: 'E_NODE_NOT_RUNNING',
    message: `no node runs on ${dataDir}`,
    hint: `start it: rsdp node run --data-dir ${dataDir}`,
    exit: EXIT.precondition,
    details: { dataDir },
  })
}

function noAnswer(dataDir: string, why: string): RsdpError {
  return new RsdpError({
    code: 'E_NODE_BUSY',
    message: `the node on ${dataDir} did not do it: ${why}`,
    hint: 'look into node.log in its data directory',
    exit: EXIT.timeout,
    details: { dataDir },
  })
}
