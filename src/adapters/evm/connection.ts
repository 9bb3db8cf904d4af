import type { Domain } from '../../codec/objects.ts'
import { keccak } from '../../codec/hex.ts'
import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { Hex } from '../../types/ids.ts'
import type { Moment } from '../../types/moment.ts'
import type { Contracts } from './contracts.ts'
import { bindContracts } from './contracts.ts'
import type { Deployment } from './deployment.ts'
import { Endpoint } from './endpoints/endpoint.ts'
import { EndpointPool } from './endpoints/pool.ts'
import type { RebuiltHeader } from './header.ts'
import { requireHeader } from './header.ts'
import type { Rpc } from './http-rpc.ts'
import { RpcProvider } from './rpc-provider.ts'

const CHECKED = ['NodeRegistry', 'PhaseLog', 'Slasher', 'TaskBoard', 'BundleStore', 'TaskLines'] as const

/** One deployment over an RPC endpoint, or over several as one, checked against its file. Wallets and the chain port share it. */
export class Connection {
  readonly deployment: Deployment
  readonly provider: RpcProvider
  readonly contracts: Contracts
  readonly domain: Domain
  /** The endpoints one by one. */
  readonly pool: EndpointPool
  readonly #rpc: Rpc
  #outagesSeen = 0

  constructor(deployment: Deployment, rpc: Rpc) {
    this.deployment = deployment
    this.#rpc = rpc
    this.pool = rpc instanceof EndpointPool ? rpc : new EndpointPool([rpc], [new Endpoint(rpc.shown, this)])
    const chainId = BigInt(deployment.chainId)
    this.provider = new RpcProvider(rpc, chainId)
    this.contracts = bindContracts(deployment, this.provider)
    this.domain = {
      chainId,
      verifyingContract: deployment.contracts.PhaseLog.address,
      salt: deployment.deploymentId,
    }
  }

  /** Host and port of each endpoint, for messages. */
  get shown(): string {
    return this.#rpc.shown
  }

  /**
   * Checks that the endpoint serves this deployment: chain id, code, deploymentId, code hashes.
   *
   * @throws RsdpError E_CHAIN_ID, E_NO_CONTRACT, E_DEPLOYMENT, E_CODE_HASH, E_RPC_DOWN
   */
  async verify(): Promise<void> {
    const outages = this.#rpc.outages
    await this.#verifyChainId()
    const codes = await this.#codes()
    // before the code hashes: a deploymentId is part of the code, and the likelier reason that it differs
    await this.#verifyDeploymentId()
    for (const name of CHECKED) {
      const { address, codeHash } = this.deployment.contracts[name]
      const seen = keccak(codes[name])
      if (seen === codeHash) continue
      throw new RsdpError({
        code: 'E_CODE_HASH',
        message: `${name} at ${address} has code ${seen}, the deployment file says ${codeHash}`,
        hint: 'use the deployment file of this deployment',
        exit: EXIT.precondition,
        details: { contract: name, address, seen, expected: codeHash },
      })
    }
    this.#outagesSeen = outages
  }

  /** Verifies again if the endpoint has failed since: what answers now may be another chain. */
  async reverify(): Promise<void> {
    if (this.#rpc.outages !== this.#outagesSeen) await this.verify()
  }

  /** Waits for a read; whatever ethers makes of a strange answer becomes E_RPC_DOWN. */
  async read<T>(answer: Promise<T>): Promise<T> {
    try {
      return await answer
    } catch (error) {
      throw this.fault(error)
    }
  }

  /** Number and time of the latest block. Throws E_RPC_DOWN. */
  async latest(): Promise<Moment> {
    return this.momentOf('latest')
  }

  /** Number and time of a block. Throws E_RPC_DOWN, also if the endpoint does not have it. */
  async momentOf(block: number | 'latest'): Promise<Moment> {
    const found = await this.read(this.provider.getBlock(block))
    if (found === null) throw this.fault(new Error(`block ${block} is missing`))
    return { number: BigInt(found.number), time: BigInt(found.timestamp) }
  }

  /**
   * The RLP header of a block, and by which fork's list of fields it was rebuilt.
   *
   * @throws RsdpError E_RPC_DOWN, also if the endpoint does not have the block; E_HEADER
   */
  async header(block: number | 'latest'): Promise<RebuiltHeader> {
    const tag = block === 'latest' ? block : `0x${block.toString(16)}`
    const asked = this.provider.send('eth_getBlockByNumber', [tag, false]) as Promise<unknown>
    const answer = await this.read(asked)
    if (typeof answer !== 'object' || answer === null)
      throw this.fault(new Error(`block ${block} is missing`))
    return requireHeader(answer as Readonly<Record<string, unknown>>)
  }

  /** An error of ethers as ours. */
  fault(error: unknown): RsdpError {
    if (error instanceof RsdpError) return error
    return new RsdpError({
      code: 'E_RPC_DOWN',
      message: `${this.shown} gave no usable answer: ${shortMessage(error)}`,
      hint: 'wait, or ask another RPC endpoint',
      exit: EXIT.unreachable,
      details: { url: this.shown, reason: 'bad-answer' },
      cause: error,
    })
  }

  close(): void {
    this.#rpc.close()
    this.provider.destroy()
  }

  async #verifyChainId(): Promise<void> {
    const expected = this.deployment.chainId
    const seen = await this.read(this.provider.send('eth_chainId', []) as Promise<unknown>)
    if (typeof seen !== 'string' || !/^0x[0-9a-f]{1,16}$/i.test(seen))
      throw this.fault(new Error('eth_chainId has no number of a chain'))
    if (Number(seen) === expected) return
    throw new RsdpError({
      code: 'E_CHAIN_ID',
      message: `${this.shown} answers chain ${Number(seen)}, the deployment is on chain ${expected}`,
      hint: 'fix the RPC URL or choose another deployment; nothing was sent',
      exit: EXIT.precondition,
      details: { seen, expected },
    })
  }

  async #codes(): Promise<Record<(typeof CHECKED)[number], Hex>> {
    const codes: Record<(typeof CHECKED)[number], Hex> = {
      NodeRegistry: '0x',
      PhaseLog: '0x',
      Slasher: '0x',
      TaskBoard: '0x',
      BundleStore: '0x',
      TaskLines: '0x',
    }
    for (const name of CHECKED) {
      const { address } = this.deployment.contracts[name]
      codes[name] = (await this.read(this.provider.getCode(address))) as Hex
      if (codes[name] !== '0x') continue
      const block = await this.read(this.provider.getBlockNumber())
      throw new RsdpError({
        code: 'E_NO_CONTRACT',
        message: `no code at ${address} (${name}) on chain ${this.deployment.chainId}, block ${block}`,
        hint: 'deploy, or check the deployment file; a local chain forgets everything when it restarts',
        exit: EXIT.precondition,
        details: { contract: name, address, block },
      })
    }
    return codes
  }

  async #verifyDeploymentId(): Promise<void> {
    const { address } = this.deployment.contracts.PhaseLog
    const expected = this.deployment.deploymentId
    const seen = (await this.read(this.contracts.log.deploymentId())).toLowerCase()
    if (seen === expected) return
    throw new RsdpError({
      code: 'E_DEPLOYMENT',
      message: `contract ${address} has deploymentId ${seen}, the deployment file says ${expected} (local chain restarted?)`,
      hint: 'use the deployment file of this chain, or deploy again',
      exit: EXIT.precondition,
      details: { address, seen, expected },
    })
  }
}

/** ethers' messages go on with a dump of the request; the first part is for people. */
function shortMessage(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return 'shortMessage' in error ? String(error.shortMessage) : error.message
}
