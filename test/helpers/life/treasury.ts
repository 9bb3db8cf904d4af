import { Contract, ContractFactory, JsonRpcProvider, Wallet } from 'ethers'
import { readArtifact } from '../../../src/adapters/evm/artifact.ts'
import { devAccounts } from '../../../src/adapters/hardhat/dev-accounts.ts'
import { isLocalChain } from '../../../src/cli/local/chains.ts'
import type { Address, Hex } from '../../../src/types/ids.ts'
import type { LifeChain } from './chains.ts'

const GAS_WEI = 100n * 10n ** 18n

/** Where currency and tokens come from: on a chain that is no local one no command gives them away. */
export class Treasury {
  readonly #chain: LifeChain
  #token: Address | null = null

  constructor(chain: LifeChain) {
    this.#chain = chain
  }

  giveGas(to: string): Promise<void> {
    return this.#chain.setBalance(to, GAS_WEI)
  }

  /** An ERC-20 that is there before the deployment. */
  async deployToken(): Promise<Address> {
    const { abi, bytecode } = token()
    return this.#signed(async (signer) => {
      const contract = await new ContractFactory([...abi], bytecode, signer).deploy()
      await contract.waitForDeployment()
      this.#token = (await contract.getAddress()).toLowerCase() as Address
      return this.#token
    })
  }

  /** On a local chain every command takes what it needs from the faucet. */
  async giveTokens(to: string, amountWei: bigint): Promise<void> {
    if (isLocalChain(this.#chain.chainId)) return
    const address = this.#token
    if (address === null) throw new Error('there is no token yet')
    const data = new Contract(address, token().abi).interface.encodeFunctionData('faucet', [to, amountWei])
    await this.#signed(async (signer) => (await signer.sendTransaction({ to: address, data })).wait(1))
  }

  /** One call after the other: they share a nonce. */
  #signed<T>(work: (signer: Wallet) => Promise<T>): Promise<T> {
    const done = this.#queue.then(async () => {
      const provider = new JsonRpcProvider(this.#chain.rpcUrl, undefined, {
        pollingInterval: 100,
        cacheTimeout: -1,
      })
      try {
        return await work(new Wallet(devAccounts(1)[0]!.privateKey, provider))
      } finally {
        provider.destroy()
      }
    })
    this.#queue = done.then(
      () => undefined,
      () => undefined,
    )
    return done
  }
  #queue: Promise<void> = Promise.resolve()
}

function token(): ReturnType<typeof readArtifact> & { readonly bytecode: Hex } {
  return readArtifact('dev/HostileToken.sol/HostileToken') as ReturnType<typeof token>
}
