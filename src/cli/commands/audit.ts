import { join } from 'node:path'
import { readDeployment } from '../../adapters/evm/deployment.ts'
import type { Deployment } from '../../adapters/evm/deployment.ts'
import { openHistory } from '../../adapters/evm/open-history.ts'
import { LogCache } from '../../adapters/evm/log-cache.ts'
import { recoverSigner } from '../../adapters/keys/keyring.ts'
import { hashInWebAssembly } from '../../adapters/system/fast-keccak.ts'
import { writeWholeFile } from '../../adapters/system/write-file.ts'
import { auditTask, examineTask } from '../../audit/audit-task.ts'
import { auditBoard, renderBoard } from '../../audit/board.ts'
import { wantedBodies } from '../../audit/wanted-bodies.ts'
import { withCompleteness } from '../../audit/complete.ts'
import { inRange } from '../../audit/range.ts'
import { renderReport } from '../../audit/render.ts'
import type { AuditReport } from '../../audit/report.ts'
import { auditExitCode } from '../../audit/report.ts'
import { reportJson } from '../../audit/report-json.ts'
import type { ReportJson } from '../../audit/report-schema.ts'
import { tokenUnit } from '../../audit/tokens.ts'
import type { TokenUnit } from '../../audit/tokens.ts'
import { keccak, utf8Hex } from '../../codec/hex.ts'
import type { HeightBodies } from '../../ports/body-source.ts'
import type { ChainHistory } from '../../ports/chain-history.ts'
import type { AnyReducer } from '../../reducers/catalog.ts'
import { findReducerByHash } from '../../reducers/catalog.ts'
import type { ExitCode } from '../../types/exit-codes.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { Digest } from '../../types/ids.ts'
import { foreignReducer, unable } from '../app/task-reducer.ts'
import { reportsCsv } from '../audit/csv.ts'
import { reportsHtml } from '../audit/html.ts'
import { KeptVerdicts } from '../audit/kept-verdicts.ts'
import { auditMany, renderMany } from '../audit/many.ts'
import { parseHeights, parseRanges, selectTasks } from '../audit/select.ts'
import { bodySource, gatherBodies, keepBodies, keepBundle } from '../body-sources.ts'
import { readCompletely } from '../complete.ts'
import { stateDir } from '../journal.ts'
import type { AuditOptions, ChainOptions } from '../options.ts'
import type { CommandContext } from '../run-command.ts'
import { VERSION } from '../version.ts'
import { parseTaskId } from './task-list.ts'

/** Narrower than this nothing fits, and lines are left as they are. */
const WIDTH_MIN = 40

/** Every task of the board, and the sum of them all against what board and registry hold. Exit 6 on any mismatch. */
export async function auditWholeBoard(options: AuditOptions, { output }: CommandContext): Promise<ExitCode> {
  await hashInWebAssembly()
  const deployment = await readDeployment(options.deployment)
  const cache = cacheFor(options, deployment)
  const history = openHistory(options.rpcUrl, deployment, cache)
  try {
    const books = await history.readBooks()
    output.say(`reading ${books.tasks} tasks from the chain …`)
    const reports: AuditReport[] = []
    for (let taskId = 1n; taskId <= books.tasks; taskId += 1n)
      reports.push(auditTask(await history.read(taskId, books.head), { recover: recoverSigner }))
    const report = auditBoard(
      books,
      reports.flatMap(({ money }) => money ?? []),
    )
    const verdicts = reports.map(({ taskId, verdict }) => `task ${taskId}  ${verdict}`)
    const data = { ...report, verdicts: reports.map(({ verdict }) => verdict) }
    output.result(data, [...verdicts, renderBoard(report, await unitOf(history, options))].join('\n'))
    cache.clear()
    const isRight = report.findings.length === 0 && reports.every(({ verdict }) => verdict !== 'mismatch')
    return isRight ? EXIT.ok : EXIT.mismatch
  } catch (error) {
    cache.flush()
    throw error
  } finally {
    history.close()
  }
}

/** Rebuilds and checks a task from chain data alone. Exit 6 on any mismatch: the finding names the field. */
export async function audit(
  id: string,
  options: AuditOptions,
  { output }: CommandContext,
): Promise<ExitCode> {
  const taskId = parseTaskId(id)
  const range = options.heights === undefined ? null : parseHeights(options.heights)
  await hashInWebAssembly()
  const deployment = await readDeployment(options.deployment)
  output.say(`reading task ${id} from the chain …`)
  const cache = cacheFor(options, deployment)
  const history = openHistory(options.rpcUrl, deployment, cache)
  try {
    const whole = await auditOne(taskId, options, { deployment, history, say: output.say })
    const report = range === null ? whole : inRange(whole, range.first, range.last)
    cache.clear()
    const data = reportJson(report)
    await writeReports([data], options, history, output.say)
    output.result(data, await textOf(report, history, options))
    return auditExitCode(report)
  } catch (error) {
    cache.flush()
    throw error
  } finally {
    history.close()
  }
}

/** Several tasks, one after the other. Exit 6 on any mismatch; interrupted, the next run of the same command goes on. */
export async function auditTasks(
  options: AuditOptions,
  { output, signal }: CommandContext,
): Promise<ExitCode> {
  const ranges = options.tasks === undefined ? null : parseRanges(options.tasks, '--tasks')
  await hashInWebAssembly()
  const deployment = await readDeployment(options.deployment)
  const cache = cacheFor(options, deployment)
  const history = openHistory(options.rpcUrl, deployment, cache)
  const asked = JSON.stringify([VERSION, ranges, options.complete, options.head, options.bodies])
  try {
    const found = await auditMany({
      tasks: selectTasks(ranges, await history.countTasks()),
      audit: async (taskId) => {
        const report = await auditOne(taskId, options, { deployment, history, say: output.say })
        // what is known of a task is of no use to the next one
        cache.clear()
        return reportJson(report)
      },
      kept: new KeptVerdicts(`${folderFor(options, deployment)}-${nameOf(asked)}.jsonl`),
      say: output.say,
      signal,
    })
    await writeReports(found.reports, options, history, output.say)
    output.result(found, renderMany(found))
    return auditExitCode(found)
  } catch (error) {
    cache.flush()
    throw error
  } finally {
    history.close()
  }
}

interface Reading {
  readonly deployment: Deployment
  readonly history: Pick<ChainHistory, 'read'>
  readonly say: (line: string) => void
}

/** Reads and judges one task, with all that the options bring along. */
async function auditOne(
  taskId: bigint,
  options: AuditOptions,
  { deployment, history, say }: Reading,
): Promise<AuditReport> {
  const { read, proof } = options.complete
    ? await readCompletely(taskId, options, deployment, say)
    : { read: await history.read(taskId), proof: null }
  const sources = (options.bodies ?? []).map(bodySource)
  const foreign = await foreignReducer(read, options, sources, say)
  const findReducer = (hash: Digest): AnyReducer | null =>
    findReducerByHash(hash) ?? (foreign?.id === hash ? foreign.asReducer() : null)
  const wanted = options.bodies === undefined ? [] : wantedBodies(read)
  const bodies = await gatherBodies(wanted, sources, say)
  const bodiesOf = (height: number): readonly HeightBodies[] => bodies.get(height) ?? []
  const { report, bodies: right } = examineTask(read, { recover: recoverSigner, findReducer, bodiesOf })
  if (foreign !== null && foreign.hostFault !== null) throw unable(foreign.hostFault)
  if (options.keepBodies !== undefined) {
    const kept = await keepBodies(options.keepBodies, wanted, right)
    if (foreign !== null) await keepBundle(options.keepBodies, foreign.id, foreign.bytes)
    say(`✔ bodies of ${kept} heights kept in ${options.keepBodies}`)
  }
  return proof === null ? report : withCompleteness(report, proof)
}

/** The files that were asked for besides the result. */
async function writeReports(
  reports: readonly ReportJson[],
  options: AuditOptions,
  history: Pick<ChainHistory, 'readToken'>,
  say: (line: string) => void,
): Promise<void> {
  const write = (path: string, text: string): void => {
    writeWholeFile(path, text, { replace: true })
    say(`✔ wrote ${path}`)
  }
  if (options.csv !== undefined) write(options.csv, reportsCsv(reports))
  if (options.html === undefined) return
  const unit = await unitOf(history, { ...options, json: false })
  write(options.html, reportsHtml(reports, { unit, by: `rsdp audit, version ${VERSION}` }))
}

/** The report for people, who are not asked for with `--json`. */
async function textOf(
  report: AuditReport,
  history: Pick<ChainHistory, 'readToken'>,
  options: AuditOptions,
): Promise<string> {
  if (options.json) return ''
  const { columns } = process.stdout
  const width = process.stdout.isTTY && columns >= WIDTH_MIN ? { width: columns } : {}
  return renderReport(report, { unit: await unitOf(history, options), isFull: options.full, ...width })
}

/** How amounts are shown; null: as whole numbers of the smallest unit, also if the endpoint does not say what the token is. */
async function unitOf(
  history: Pick<ChainHistory, 'readToken'>,
  { wei, json }: Pick<AuditOptions, 'wei' | 'json'>,
): Promise<TokenUnit | null> {
  const told = wei || json ? null : await history.readToken().catch(() => null)
  return told === null ? null : tokenUnit(told.symbol, told.decimals)
}

/** Logs that an interrupted audit has read over this endpoint: the next one goes on from there. */
const cacheFor = (options: ChainOptions, deployment: Deployment): LogCache =>
  new LogCache(folderFor(options, deployment))

/** What is kept of audits of a deployment over an endpoint. */
function folderFor({ rpcUrl }: ChainOptions, { deploymentId }: Deployment): string {
  return join(stateDir(), 'audit', `${deploymentId.slice(2, 18)}-${nameOf(rpcUrl)}`)
}

const nameOf = (text: string): string => keccak(utf8Hex(text)).slice(2, 18)
