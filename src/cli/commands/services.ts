import { postEvent } from '../../adapters/evm/operator.ts'
import type { Connection } from '../../adapters/evm/connection.ts'
import { fromHex } from '../../codec/hex.ts'
import { findReducerByHash } from '../../reducers/catalog.ts'
import { encodeOrder } from '../../services/placement/spec.ts'
import { services } from '../../services/services.ts'
import type { ServicesPolicy } from '../../services/services.ts'
import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { ExitCode } from '../../types/exit-codes.ts'
import type { Hex } from '../../types/ids.ts'
import { openMachine } from '../machine.ts'
import type { MachineOptions, TaskSendOptions } from '../options.ts'
import type { CommandContext } from '../run-command.ts'
import { eventOf, readServices, requirePossible, TEMPLATE, toFile } from '../services/service-file.ts'
import { summaryOf, summaryText } from '../services/summary.ts'
import { NOTHING_SENT, withWallet } from '../wallet-session.ts'
import { parseTaskId, unknownTask } from './task-list.ts'

/** Who is alive, hosts what and is primary, as the cluster agreed on it last; from a node on this machine. */
export async function servicesShow(options: MachineOptions, { output }: CommandContext): Promise<ExitCode> {
  const { client, task } = await openMachine(services.id, options)
  const { height, state } = await client.state(task)
  const agreed = services.state.decode(fromHex(state as Hex))
  if (agreed?.kind !== 'agreed')
    throw new RsdpError({
      code: 'E_NO_MACHINE',
      message: `task ${task} is no task of ${services.id}`,
      hint: 'leave --task out, or name another one',
      exit: EXIT.precondition,
    })
  const summary = summaryOf(agreed)
  output.result({ task: String(task), height, ...summary }, `task ${task}  ${summaryText(summary)}`)
  return EXIT.ok
}

export function servicesTemplate({ output }: CommandContext): ExitCode {
  output.result({ template: TEMPLATE }, TEMPLATE.trimEnd())
  return EXIT.ok
}

/** Posts the services of a file to the ledger of a task. */
export async function servicesPut(
  id: string,
  file: string,
  options: TaskSendOptions,
  context: CommandContext,
): Promise<ExitCode> {
  const taskId = parseTaskId(id)
  const wanted = await readServices(file)
  return withWallet(options, context, async ({ connection, wallet, agreed }) => {
    requirePossible(wanted, (await policyOf(connection, taskId)).metrics)
    const go = await agreed(
      wanted.map(({ spec }) => `put      service ${spec.service}, a ${spec.kind}, in task ${id}`),
    )
    const specs = wanted.map(toFile)
    if (!go) {
      context.output.result({ dryRun: true, taskId, services: specs, events: [] }, NOTHING_SENT)
      return EXIT.ok
    }
    const events = []
    for (const data of wanted.map(eventOf)) {
      const { seq, block, hash } = await postEvent(wallet, taskId, data)
      events.push({ seq, block, hash })
    }
    context.output.result(
      { dryRun: false, taskId, services: specs, events },
      `${events.length} events in the ledger of task ${id}, the last in block ${events.at(-1)?.block}\nnext  rsdp services show --data-dir <dir>`,
    )
    return EXIT.ok
  })
}

/** Posts that a service is no longer wanted: its copies stop. */
export function servicesRemove(
  id: string,
  number: string,
  options: TaskSendOptions,
  context: CommandContext,
): Promise<ExitCode> {
  const taskId = parseTaskId(id)
  const service = parseService(number)
  return withWallet(options, context, async ({ connection, wallet, agreed }) => {
    await policyOf(connection, taskId)
    const go = await agreed([`remove   service ${service} of task ${id}; its copies stop`])
    if (!go) {
      context.output.result({ dryRun: true, taskId, service, event: null }, NOTHING_SENT)
      return EXIT.ok
    }
    const data = encodeOrder({ order: 'remove', service })
    const { seq, block, hash } = await postEvent(wallet, taskId, data)
    context.output.result(
      { dryRun: false, taskId, service, event: { seq, block, hash } },
      `event ${seq} in the ledger of task ${id}, in block ${block}`,
    )
    return EXIT.ok
  })
}

/** @throws RsdpError E_SERVICES */
export function parseService(number: string): number {
  const service = Number(number)
  if (Number.isInteger(service) && service >= 1 && service <= 65_535) return service
  throw new RsdpError({
    code: 'E_SERVICES',
    message: `${number} is no number of a service`,
    hint: 'rsdp services show lists them',
    exit: EXIT.usage,
  })
}

/** @throws RsdpError E_NO_TASK, E_REDUCER */
export async function policyOf(connection: Connection, taskId: bigint): Promise<ServicesPolicy> {
  const { board } = connection.contracts
  const published = board.queryFilter(board.filters.TaskPublished(taskId), connection.deployment.fromBlock)
  const [event] = await connection.read(published)
  if (event === undefined) throw unknownTask(String(taskId))
  const { reducer, reducerParams } = event.args.params
  const isServices = findReducerByHash(reducer.toLowerCase() as Hex)?.id === services.id
  const policy = isServices ? services.params.decode(fromHex(reducerParams as Hex)) : null
  if (policy !== null) return policy
  throw new RsdpError({
    code: 'E_REDUCER',
    message: `task ${taskId} is no task of ${services.id}`,
    hint: `publish one: rsdp task publish --reducer ${services.id}`,
    exit: EXIT.precondition,
    details: { taskId },
  })
}
