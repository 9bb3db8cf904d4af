import { fromHex, utf8Hex } from '../../codec/hex.ts'
import { NAME_BYTES_MAX } from '../../reducers/machines/names.ts'
import { workAssignment } from '../../reducers/machines/work-assignment.ts'
import type { Job, WorkCommand } from '../../reducers/machines/work-codec.ts'
import { decodeWorkResult, encodeWorkCommand } from '../../reducers/machines/work-codec.ts'
import { invariant, RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { ExitCode } from '../../types/exit-codes.ts'
import { nameOf, openMachine, tell, textOf } from '../machine.ts'
import type { WorkOptions } from '../options.ts'
import type { CommandContext } from '../run-command.ts'

export type WorkVerb = WorkCommand['kind']

/** work add, claim, renew, done, fail, list. Exit 7 if the queue did not do what was asked. */
export async function work(
  verb: WorkVerb,
  queue: string,
  job: string | null,
  options: WorkOptions,
  { output }: CommandContext,
): Promise<ExitCode> {
  const bytes = encodeWorkCommand(commandOf(verb, queue, job, options))
  const { height, result } = await tell(
    await openMachine(workAssignment.id, options),
    workAssignment.id,
    bytes,
  )
  const answer = decodeWorkResult(result)
  invariant(answer !== null, 'a node answers what the machine said')
  const { outcome } = answer
  const jobs = answer.jobs.map(shown)
  const lines = jobs.map(lineOf)
  if (verb === 'list') output.result({ queue, height, outcome, jobs }, lines.join('\n') || 'no jobs')
  else output.result({ queue, height, outcome, job: jobs[0] ?? null }, [outcome, ...lines].join('  '))
  return outcome === 'done' ? EXIT.ok : EXIT.busy
}

function commandOf(kind: WorkVerb, name: string, jobName: string | null, options: WorkOptions): WorkCommand {
  const queue = nameOf(name, NAME_BYTES_MAX)
  const ttlMs = (options.ttl ?? 0) * 1_000
  if (kind === 'list') return { kind, queue }
  const owner = (): Job['name'] => nameOf(options.as ?? '', NAME_BYTES_MAX)
  if (kind === 'claim') return { kind, queue, owner: owner(), ttlMs }
  const job = nameOf(jobName ?? '', NAME_BYTES_MAX)
  if (kind === 'add') return { kind, queue, job, triesMax: options.tries ?? 1, body: bytesOf(options.body) }
  const claimed = { queue, job, owner: owner(), token: tokenOf(options.token ?? '') }
  if (kind === 'renew') return { kind, ...claimed, ttlMs }
  return kind === 'done' ? { kind, ...claimed, output: bytesOf(options.output) } : { kind, ...claimed }
}

function tokenOf(text: string): bigint {
  const isToken = /^\d{1,39}$/.test(text) && BigInt(text) < 2n ** 128n
  if (isToken) return BigInt(text)
  throw new RsdpError({
    code: 'E_FENCING_TOKEN',
    message: 'this is no fencing token',
    hint: 'give --token as rsdp work claim printed it',
    exit: EXIT.usage,
    details: { token: text },
  })
}

const bytesOf = (text = ''): Uint8Array => fromHex(utf8Hex(text))

function shown({ name, status, tries, triesMax, token, endMs, holder, body }: Job) {
  return {
    job: textOf(fromHex(name)),
    ...{ status, tries, triesMax },
    token: String(token),
    endMs: Number(endMs),
    holder: holder === null ? null : textOf(fromHex(holder.owner)),
    /** Of a job that is done: what its worker said. */
    [status === 'done' ? 'output' : 'body']: textOf(body),
  }
}

function lineOf({ job, status, tries, triesMax, token, endMs, holder }: ReturnType<typeof shown>): string {
  return [
    `${job}  ${status}  try ${tries} of ${triesMax}`,
    ...(holder === null ? [] : [holder, `token ${token}`]),
    ...(endMs === 0 ? [] : [new Date(endMs).toISOString()]),
  ].join('  ')
}
