import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { Address } from '../../types/ids.ts'

/** Reply codes of AMQP 0-9-1, section 1.2: access refused, resource locked, precondition failed, not allowed. */
const REFUSALS = new Set([403, 406, 530])
const RESOURCE_LOCKED = 405

/**
 * Why a broker was not opened, as an error of ours.
 *
 * @param broker its name without user and password
 * @returns RsdpError E_ADDR_IN_USE, E_BROKER_REFUSED or E_BROKER_UNREACHABLE
 */
export function brokerError(broker: string, key: Address, cause: unknown): RsdpError {
  const code = replyCode(cause)
  if (code === RESOURCE_LOCKED) {
    return new RsdpError({
      code: 'E_ADDR_IN_USE',
      message: `a node with the signing key ${key} is connected to ${broker}`,
      hint: 'stop it first; a node that was killed is forgotten after the broker’s heartbeat, at most 20 s',
      exit: EXIT.busy,
      cause,
    })
  }
  if (code !== null && REFUSALS.has(code)) {
    return new RsdpError({
      code: 'E_BROKER_REFUSED',
      message: `the broker ${broker} refuses this node (AMQP reply code ${code})`,
      hint: 'check user, password and vhost, and that the user may configure, write and read rsdp.*',
      exit: EXIT.precondition,
      cause,
    })
  }
  return new RsdpError({
    code: 'E_BROKER_UNREACHABLE',
    message: `the broker ${broker} does not answer`,
    hint: 'start it, or check host and port of --transport',
    exit: EXIT.unreachable,
    cause,
  })
}

/** The reply code of a closed connection or channel: a field of the error, or in the text where a handshake fails. */
function replyCode(cause: unknown): number | null {
  if (!(cause instanceof Error)) return null
  if ('code' in cause && typeof cause.code === 'number') return cause.code
  const [, digits] = /\b([345]\d\d) \(/.exec(cause.message) ?? []
  return digits === undefined ? null : Number(digits)
}
