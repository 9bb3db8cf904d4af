import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'

/** Where a broker is, and who asks it. */
export interface BrokerUrl {
  readonly hostname: string
  readonly port: number
  readonly username: string
  readonly password: string
  readonly vhost: string
  readonly isTls: boolean
}

/**
 * Reads `amqp://user:password@host:port/vhost`, or `amqps://…` for TLS (RabbitMQ's URI specification). Without a user it is
 * `guest`, without a vhost `/`.
 *
 * @throws RsdpError E_BROKER_URL; the text never holds the password
 */
export function parseBrokerUrl(text: string): BrokerUrl {
  let url: URL
  try {
    url = new URL(text)
  } catch {
    throw refused('it is no URL')
  }
  const isTls = url.protocol === 'amqps:'
  if (!isTls && url.protocol !== 'amqp:') throw refused(`its scheme is ${url.protocol.slice(0, 16)}`)
  if (url.hostname === '') throw refused('it names no host')
  if (url.search !== '' || url.hash !== '') throw refused('it has a part behind the vhost')
  const path = url.pathname.slice(1)
  if (path.includes('/')) throw refused('its vhost has a bare slash; write %2f')
  return {
    hostname: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? (isTls ? 5_671 : 5_672) : Number(url.port),
    username: url.username === '' ? 'guest' : decode(url.username),
    password: url.username === '' ? 'guest' : decode(url.password),
    vhost: path === '' ? '/' : decode(path),
    isTls,
  }
}

/** The broker that a setting names; null for `libp2p`. @throws RsdpError E_BROKER_URL */
export function brokerOf(transport: string): BrokerUrl | null {
  return transport === 'libp2p' ? null : parseBrokerUrl(transport)
}

/** How the broker is named in logs and errors: without user and password. */
export function brokerName({ isTls, hostname, port, vhost }: BrokerUrl): string {
  const host = hostname.includes(':') ? `[${hostname}]` : hostname
  return `${isTls ? 'amqps' : 'amqp'}://${host}:${port}/${encodeURIComponent(vhost)}`
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    throw refused('a per cent sign in it begins no code')
  }
}

function refused(why: string): RsdpError {
  return new RsdpError({
    code: 'E_BROKER_URL',
    message: `the address of the broker is not usable: ${why}`,
    hint: 'write it as amqp://user:password@host:5672/vhost',
    exit: EXIT.usage,
  })
}
