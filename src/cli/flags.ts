import type { Command } from 'commander'
import { InvalidArgumentError, Option } from 'commander'

/** Flags that several commands share. Each call makes a new one: commander keeps state in them. */
/** May be given several times: the endpoints are then one text, separated by spaces. */
export const rpcUrl = (): Option => {
  let isGiven = false
  return new Option('--rpc-url <url>', 'JSON-RPC endpoint of the chain; several are compared')
    .default('http://127.0.0.1:8545')
    .argParser((url: string, earlier: string | undefined) => {
      const all = isGiven && earlier !== undefined ? `${earlier} ${url}` : url
      isGiven = earlier !== undefined
      return all
    })
}

export const deployment = (): Option =>
  new Option('--deployment <file>', 'deployment file').default('deployments/31337.json')

export const json = (): Option =>
  new Option('--json', 'one JSON envelope on stdout instead of text').default(false)

export const keyFile = (whose: string): Option =>
  new Option('--key-file <file>', `${whose} key file; on a local chain its first test account if left out`)

export const passwordFile = (): Option =>
  new Option('--password-file <file>', 'file (mode 0600) whose first line is the password of the key file')

export const dataDir = (): Option =>
  new Option('--data-dir <dir>', 'the node’s own folder: key, sign-once store, log').makeOptionMandatory()

export const announce = (): Option =>
  new Option(
    '--announce <multiaddr...>',
    'where peers reach the node, at most 4; its PeerId is added',
  ).default([])

export const policyFile = (): Option =>
  new Option(
    '--policy <file>',
    'when to sign up (default: policy.json in the data directory, if there is one)',
  )

export const bundles = (): Option =>
  new Option('--bundles <dir...>', 'folders of bundles, looked through before the chain')

export const bundleMirror = (): Option =>
  new Option('--bundle-mirror <url>', 'where bundles lie under their ids, asked after folders and chain')

export const bodies = (): Option =>
  new Option(
    '--bodies <source...>',
    'who keeps inputs and bundles that are not on chain: a node’s data directory, the URL of its API, a folder of --keep-bodies',
  )

/** Read by `brokerOf`, whose errors do not repeat it: it may hold a password. */
export const transport = (): Option =>
  new Option(
    '--transport <name>',
    'how nodes talk: libp2p, or a broker, amqp://user:password@host:5672/vhost (a password is better in RSDP_TRANSPORT)',
  ).default('libp2p')

/** What commands that send from a wallet have in common. */
export function sending(command: Command, whose: string): Command {
  return command
    .addOption(rpcUrl())
    .addOption(deployment())
    .addOption(keyFile(whose))
    .addOption(passwordFile())
    .addOption(maxFeeGwei())
    .addOption(yes())
    .addOption(dryRun())
    .addOption(json())
}

export const maxFeeGwei = (): Option =>
  new Option(
    '--max-fee-gwei <gwei>',
    'most that a unit of gas may cost; above it nothing is sent (default: 500)',
  ).argParser(integer(1, 1_000_000))

export const yes = (): Option => new Option('--yes', 'do not ask before it is done').default(false)

export const dryRun = (): Option => new Option('--dry-run', 'show the effect, send nothing').default(false)

export const ifVersion = (): Option =>
  new Option(
    '--if-version <n>',
    'of a strong store: only if the key has this version; 0: only if it does not exist',
  ).argParser(integer(0, Number.MAX_SAFE_INTEGER))

/** Parser of an integer option. */
export function integer(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (!/^\d+$/.test(text) || value < min || value > max) {
      throw new InvalidArgumentError(`expected an integer from ${min} to ${max}.`)
    }
    return value
  }
}

/** Help text that shows the command at work. */
export function examples(...lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  $ ${line}`).join('\n')}`
}

/** Where to listen for clients. */
export interface ServeAddress {
  readonly host: string
  /** 0: a free one. */
  readonly port: number
}

/** host:port, where an IPv6 address is in brackets. */
export function serveAddress(text: string): ServeAddress {
  const { v6, host, port } =
    /^(?:\[(?<v6>[0-9a-fA-F:.]+)\]|(?<host>[^\s:[\]]+)):(?<port>\d{1,5})$/.exec(text)?.groups ?? {}
  const name = v6 ?? host
  if (name === undefined || Number(port) > 65_535)
    throw new InvalidArgumentError('expected host:port, as 0.0.0.0:8790 or [::]:8790.')
  return { host: name, port: Number(port) }
}
