import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { formatEther } from 'ethers'
import { connect } from '../../adapters/evm/connect.ts'
import type { Connection } from '../../adapters/evm/connection.ts'
import type { EvmChain } from '../../adapters/evm/evm-chain.ts'
import { readDeployment } from '../../adapters/evm/deployment.ts'
import { dialFault } from '../../adapters/libp2p/dial-addresses.ts'
import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { ExitCode } from '../../types/exit-codes.ts'
import type { Address } from '../../types/ids.ts'
import type { NotJoined } from '../../node/sign-up.ts'
import { askHealth } from '../control/client.ts'
import { showAllowance } from '../allowance.ts'
import { keyFacts } from '../key-store.ts'
import type { Check } from '../doctor-check.ts'
import { checkChance } from '../doctor-chance.ts'
import { checkContracts } from '../doctor-contracts.ts'
import { checkEndpoints } from '../doctor-endpoint.ts'
import { isLocalChain } from '../local/chains.ts'
import type { DoctorOptions } from '../options.ts'
import type { CommandContext } from '../run-command.ts'
import { loadPolicy } from '../policy-file.ts'
import { dialNewest, registeredAddresses } from '../registered.ts'
import { inTokens, readStake } from '../stake-view.ts'
import { bindError, tcpOf } from '../tcp.ts'

/** Nodes sign by ticks, not by clocks; but a log with wrong times helps nobody. */
const CLOCK_SECONDS_MAX = 60
const GAS_WEI_LOW = 50_000_000_000_000_000n
const MARK = { ok: '✔', warn: '▲', fail: '✖' } as const

const ok = (name: string, text: string): Check => ({ name, verdict: 'ok', text, hint: '' })
const warn = (name: string, text: string, hint: string): Check => ({ name, verdict: 'warn', text, hint })
const fail = (name: string, text: string, hint: string): Check => ({ name, verdict: 'fail', text, hint })

/** Looks at everything that a node needs. Exit 4 if the chain cannot be reached, 3 if anything else fails. */
export async function doctor(options: DoctorOptions, { output }: CommandContext): Promise<ExitCode> {
  const checks = await examine(options)
  const failed = checks.filter(({ verdict }) => verdict === 'fail')
  const warned = checks.filter(({ verdict }) => verdict === 'warn')
  const lines = checks.map(
    ({ name, verdict, text, hint }) =>
      `${MARK[verdict]} ${verdict.padEnd(4)} ${name.padEnd(10)} ${text}${hint === '' ? '' : ` -> ${hint}`}`,
  )
  lines.push(`${failed.length} failed, ${warned.length} warnings`)
  output.result({ checks, failed: failed.length, warnings: warned.length }, lines.join('\n'))
  if (failed.length === 0) return EXIT.ok
  return failed.some(({ name }) => name === 'chain') ? EXIT.unreachable : EXIT.precondition
}

/** What `doctor` finds, check by check. */
export async function examine(options: DoctorOptions): Promise<readonly Check[]> {
  const checks: Check[] = []
  const key = options.dataDir === undefined ? null : checkKey(options, checks)
  if (options.dataDir !== undefined) checks.push(...(await checkPorts(options.dataDir, options.listen)))
  const chain = await openChain(options, checks)
  if (chain !== null) {
    try {
      checks.push(...(await checkEndpoints(chain.connection)))
      checks.push(...(await checkContracts(chain.connection)))
      checks.push(...(await checkChance(chain.connection)))
      checks.push(...(await checkClock(chain.connection)))
      if (key !== null) checks.push(...(await checkOperator(chain, key)))
      if (options.dataDir !== undefined)
        checks.push(checkPolicy(options.dataDir, chain.connection.deployment.chainId))
      const addresses = new Map(await registeredAddresses(chain))
      if (key !== null) {
        checks.push(checkAnnounced(key, addresses.get(key)))
        addresses.delete(key)
      }
      checks.push(await checkPeers(addresses))
    } finally {
      chain.close()
    }
  }
  return checks
}

/** The deployment, with its chain id and code hashes checked. Null if that fails. */
async function openChain({ rpcUrl, deployment }: DoctorOptions, checks: Check[]): Promise<EvmChain | null> {
  try {
    const facts = await readDeployment(deployment)
    const chain = await connect({ rpcUrl, deployment: facts })
    checks.push(ok('chain', `${chain.connection.shown} answers as chain ${facts.chainId}`))
    checks.push(ok('contracts', `code hashes are those of ${deployment}`))
    return chain
  } catch (error) {
    if (!(error instanceof RsdpError)) throw error
    const isDown = error.exit === EXIT.unreachable
    checks.push(fail(isDown ? 'chain' : 'contracts', `${error.code}: ${error.message}`, error.hint))
    return null
  }
}

/** Address of the signing key, as far as it can be seen without a password. */
function checkKey({ dataDir = '.', keyFile }: DoctorOptions, checks: Check[]): Address | null {
  const path = keyFile ?? join(dataDir, 'key')
  if (!existsSync(path)) {
    checks.push(fail('key', `${path} is missing`, `rsdp node init --data-dir ${dataDir}`))
    return null
  }
  const facts = keyFacts(path, path)
  if (facts === null) {
    checks.push(fail('key', `${path} is no key file`, 'restore it from a backup, or rsdp keys import'))
    return null
  }
  const { mode, exposed, address } = facts
  if (exposed !== null) checks.push(fail('key', exposed.text, exposed.hint))
  else checks.push(ok('key', `${path} has mode ${mode}`))
  if (address === null)
    checks.push(
      warn(
        'key',
        `${path} does not say its address: what hangs on it is not checked`,
        'rsdp keys import writes a key file that does',
      ),
    )
  return address
}

async function checkPorts(dataDir: string, listen: readonly string[]): Promise<Check[]> {
  const running = await askHealth(dataDir)
  if (running !== null) {
    const { control, health } = running
    const refused = (health['notJoined'] ?? []) as readonly NotJoined[]
    return [
      ok('node', `runs as process ${control.pid}`),
      ...refused.map(({ taskId, reason, text }) =>
        warn(
          'refused',
          `task ${taskId} was not joined: ${reason} (${text})`,
          'rsdp policy check shows every rule',
        ),
      ),
    ]
  }
  return Promise.all(
    listen.map(async (address) => {
      const target = tcpOf(address)
      if (target === null) return fail('port', `${address} is not /ip4/…/tcp/…`, 'fix --listen')
      const code = await bindError(target)
      return code === null
        ? ok('port', `${address} is free`)
        : fail('port', `${address}: ${code}`, 'stop what uses it, or choose another with --listen')
    }),
  )
}

async function checkClock(connection: Connection): Promise<Check[]> {
  const block = await connection.read(connection.provider.getBlock('latest'))
  if (block === null) return []
  const behind = Math.round(Date.now() / 1_000 - block.timestamp)
  const text = `block ${block.number} is ${behind} s old by this clock`
  return [
    Math.abs(behind) <= CLOCK_SECONDS_MAX
      ? ok('clock', text)
      : warn('clock', text, 'set the clock by NTP, or the chain makes no blocks'),
  ]
}

async function checkOperator(chain: EvmChain, key: Address): Promise<Check[]> {
  const { connection } = chain
  const registration = await chain.registration(key)
  const gas = await connection.read(connection.provider.getBalance(key))
  const gasText = `${key} has ${formatEther(gas)} ETH for gas`
  const checks = [gas >= GAS_WEI_LOW ? ok('gas', gasText) : lowGas(gas, gasText, key)]
  if (registration === null)
    return [...checks, fail('stake', `${key} is not registered`, 'rsdp node register')]
  const { token, freeWei, lockedWei } = await readStake(connection, registration.operator)
  const text = `operator ${registration.operator}: ${inTokens(freeWei, token)} free, ${inTokens(lockedWei, token)} locked`
  if (!registration.active)
    checks.push(
      warn(
        'stake',
        `${key} is not active: it joins no new task`,
        'rotated, frozen or convicted, or its operator is in jail',
      ),
    )
  const { allowance } = registration
  const allowed = `${showAllowance(allowance, token)}; ${inTokens(allowance.runningWei, token)} are locked by it`
  checks.push(
    allowance.totalWei === 0n
      ? warn('allowance', allowed, `rsdp stake allow ${key} PER-TASK TOTAL`)
      : ok('allowance', allowed),
  )
  checks.push(freeWei + lockedWei > 0n ? ok('stake', text) : fail('stake', text, 'rsdp stake deposit 100'))
  return checks
}

function checkPolicy(dataDir: string, chainId: number): Check {
  try {
    return ok('policy', `in force: ${loadPolicy({ dataDir }, isLocalChain(chainId)).source}`)
  } catch (error) {
    if (!(error instanceof RsdpError)) throw error
    return fail('policy', error.message, error.hint)
  }
}

function lowGas(gas: bigint, text: string, key: Address): Check {
  const hint = `rsdp fund ${key} 0.1`
  return gas === 0n ? fail('gas', text, hint) : warn('gas', text, hint)
}

/** Whether what the own key has registered is dialled by others. */
function checkAnnounced(key: Address, registered: readonly string[] | undefined): Check {
  const hint = `rsdp node update-addresses ${key} --announce /ip4/ADDRESS/tcp/PORT`
  if (registered === undefined || registered.length === 0)
    return warn('announced', 'no address is registered: the node must dial every other member itself', hint)
  const faults = registered.flatMap((text) => {
    const fault = dialFault(key, text)
    return fault === null ? [] : [`${text}: ${fault}`]
  })
  if (faults.length === 0) return ok('announced', registered.join('  '))
  return fail('announced', `no peer dials ${faults.join('; ')}`, hint)
}

/** Tries to open a TCP connection to the first address of other registered nodes, the newest ones. */
async function checkPeers(addresses: ReadonlyMap<Address, readonly string[]>): Promise<Check> {
  const answers = await dialNewest(addresses)
  const reached = answers.filter((ms) => ms !== null).length
  const text = `${reached} of ${answers.length} registered nodes take a connection`
  if (answers.length === 0) return warn('peers', 'no other node has registered an address', 'wait for others')
  if (reached === answers.length) return ok('peers', text)
  return warn('peers', text, 'check the network and the firewall; a node may also be down')
}
