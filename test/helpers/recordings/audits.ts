import {
  endpointsAt,
  readComplete,
  openHistory,
  reportJson,
  withCompleteness,
  auditTask,
  RsdpError,
} from '../../../src/entries/audit.ts'
import { AuditDesk } from '../../../src/dashboard/desk/desk.ts'
import type { RecoverSigner } from '../../../src/ports/keyring.ts'
import { rsdpHere } from '../cli.ts'
import type { RecordedTask } from './recording.ts'

/** A task over an endpoint, and how it is audited. */
export interface Asked {
  readonly task: RecordedTask
  /** File of the deployment. */
  readonly file: string
  readonly rpcUrl: string
  readonly isComplete: boolean
}

/** `data` of `rsdp audit --json`, or what an error says; its text is the same everywhere. */
export async function byCommand({ task, file, rpcUrl, isComplete }: Asked): Promise<string> {
  const where = ['--rpc-url', rpcUrl, '--deployment', file, '--json']
  const complete = isComplete ? ['--complete', '--head', task.head] : []
  const { stdout, stderr } = await rsdpHere('audit', task.taskId, ...where, ...complete)
  const found = /"data":(.*),"warnings":\[\]\}\n$/.exec(stdout)?.[1]
  if (found !== undefined) return found
  const { error } = JSON.parse(stdout) as { error?: { code: string; message: string; hint: string } }
  if (error === undefined) throw new Error(`rsdp audit: ${stdout} ${stderr}`)
  return errorText(error)
}

/** The same by the package entry `rsdp/audit`. */
export async function byLibrary(
  { task, rpcUrl, isComplete }: Asked,
  recover?: RecoverSigner,
): Promise<string> {
  const { deployment } = task
  const taskId = BigInt(task.taskId)
  const options = recover === undefined ? {} : { recover }
  const endpoints = endpointsAt(rpcUrl)
  const history = openHistory(rpcUrl, deployment)
  try {
    if (!isComplete) return JSON.stringify(reportJson(auditTask(await history.read(taskId), options)))
    const { request } = endpoints
    const read = await readComplete({ request, deployment, taskId, head: { pinned: task.head } })
    return JSON.stringify(reportJson(withCompleteness(auditTask(read.history, options), read.proof)))
  } catch (error) {
    if (error instanceof RsdpError) return errorText(error)
    throw error
  } finally {
    endpoints.close()
    history.close()
  }
}

/** The same by what the dashboard's worker runs. */
export async function byDesk({ task, rpcUrl, isComplete }: Asked): Promise<string> {
  const desk = new AuditDesk()
  try {
    await desk.open({ rpcUrl, deployment: JSON.stringify(task.deployment) })
    const vouched = isComplete ? { head: task.head } : null
    return (await desk.audit({ task: task.taskId, vouched })).json
  } catch (error) {
    if (error instanceof RsdpError) return errorText(error)
    throw error
  }
}

export function errorText({ code, message, hint }: { code: string; message: string; hint: string }): string {
  return JSON.stringify({ code, message, hint })
}
