import { readKeyFile } from '../../adapters/keys/key-file.ts'
import { createKeyring } from '../../adapters/keys/keyring.ts'
import { ApiError } from '../../api/call.ts'
import { GatewayClient } from '../../api/gateway-client.ts'
import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { ExitCode } from '../../types/exit-codes.ts'
import type { GatewayOptions, GatewayWriteOptions } from '../options.ts'
import { passwordPrompt } from '../password.ts'
import type { CommandContext } from '../run-command.ts'
import { deleteKey, getKey, putKey } from '../services/store-keys.ts'
import type { KeyClient } from '../services/store-keys.ts'
import { parseTaskId } from './task-list.ts'

const URL_FORM = /^https?:\/\/[^/?#@\s]+$/

export function gatewayGet(
  service: number,
  key: string,
  options: GatewayOptions,
  context: CommandContext,
): Promise<ExitCode> {
  return through(service, options, (store) => getKey(store, key, context))
}

export function gatewayPut(
  service: number,
  key: string,
  value: string,
  options: GatewayWriteOptions,
  context: CommandContext,
): Promise<ExitCode> {
  return through(service, options, (store) => putKey(store, key, value, options.ifVersion, context))
}

export function gatewayDelete(
  service: number,
  key: string,
  options: GatewayWriteOptions,
  context: CommandContext,
): Promise<ExitCode> {
  return through(service, options, (store) => deleteKey(store, key, options.ifVersion, context))
}

/** @throws RsdpError E_GATEWAY_URL, E_GATEWAY_UNREACHABLE, and those of stores and key files */
async function through(
  service: number,
  { url: urls, task, keyFile, passwordFile, patience, priority }: GatewayOptions,
  body: (store: KeyClient) => Promise<ExitCode>,
): Promise<ExitCode> {
  const places = urls.map((url) => url.replace(/\/$/, ''))
  const wrong = places.find((url) => !URL_FORM.test(url))
  if (wrong !== undefined)
    throw new RsdpError({
      code: 'E_GATEWAY_URL',
      message: `'${wrong}' is no gateway`,
      hint: 'give its address as http://host:port, without a path',
      exit: EXIT.usage,
    })
  const taskId = parseTaskId(task)
  const keyring = createKeyring(
    // a client stakes nothing: its key may be a bare one
    await readKeyFile({
      path: keyFile,
      passwordFile: passwordFile ?? null,
      isLocalChain: true,
      askPassword: passwordPrompt(),
    }),
  )
  const client = new GatewayClient({
    ...{ urls: places, keyring, task: taskId, service, patienceMs: 1_000 * patience, priority },
  })
  try {
    return await body(client)
  } catch (error) {
    if (error instanceof RsdpError || error instanceof ApiError || !isUnreached(error)) throw error
    throw new RsdpError({
      code: 'E_GATEWAY_UNREACHABLE',
      message: `no gateway answers: ${places.join(', ')}`,
      hint: 'its node runs with --serve, and its port can be reached from here; a write may have been done: read it',
      exit: EXIT.unreachable,
      cause: error,
    })
  }
}

/** What fetch rejects with. */
function isUnreached(error: unknown): boolean {
  return error instanceof TypeError || (error instanceof DOMException && error.name === 'TimeoutError')
}
