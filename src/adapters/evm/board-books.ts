import type { Interface } from 'ethers'
import type { AccountBook, BoardBooks, TokenFlow } from '../../ports/chain-history.ts'
import type { Address, Digest, Hex } from '../../types/ids.ts'
import { NIL } from '../../types/ids.ts'
import { abis } from './abi.ts'
import type { Deployment } from './deployment-schema.ts'
import { decodeEvent, decodeResult } from './history-abi.ts'
import type { HistoryRpc } from './history-rpc.ts'
import { badAnswer } from './history-rpc.ts'

type Contract = 'NodeRegistry' | 'TaskBoard' | 'StakeToken'

/** What board and registry hold and owe at block `head`: balances, token transfers, accounts, credits. */
export async function readBooks(rpc: HistoryRpc, deployment: Deployment, head: bigint): Promise<BoardBooks> {
  const { contracts, fromBlock } = deployment
  const events = async (
    contract: Contract,
    names: readonly string[],
    more: (readonly Digest[] | null)[] = [],
  ): Promise<Readonly<Record<string, unknown>>[]> => {
    const abi: Interface = abis()[contract]
    const topics = names.map((name) => (abi.getEvent(name)?.topicHash ?? NIL) as Digest)
    const query = { address: contracts[contract].address, topics: [topics, ...more] }
    const logs = await rpc.logs(query, BigInt(fromBlock), head)
    return logs.map(({ topics: found, data }) => {
      const decoded = decodeEvent(abi, found, data)
      if (!decoded.ok) throw badAnswer('eth_getLogs', `${contract}.${names.join('|')} does not decode`)
      return { ...decoded.args, event: decoded.name }
    })
  }
  const view = async (contract: Contract, name: string, args: readonly Address[] = []): Promise<unknown> => {
    const abi: Interface = abis()[contract]
    const data = abi.encodeFunctionData(name, args) as Hex
    return decodeResult(abi, name, await rpc.call(contracts[contract].address, data, head))
  }
  const flow = async (owner: Address): Promise<TokenFlow> => {
    const topic: Digest = `0x${owner.slice(2).padStart(64, '0')}`
    const received = await events('StakeToken', ['Transfer'], [null, [topic]])
    const sent = await events('StakeToken', ['Transfer'], [[topic]])
    const balance = (await view('StakeToken', 'balanceOf', [owner])) as bigint
    return { balance, received: total(received, 'value'), sent: total(sent, 'value') }
  }

  const opened = distinct(await events('NodeRegistry', ['WalletSet']), 'operator')
  const moves = await events('NodeRegistry', ['StakeAdded', 'Withdrawn', 'CreditWithdrawn'])
  const of = (name: string) => moves.filter(({ event }) => event === name)
  const accounts = new Map<Address, AccountBook>()
  for (const operator of opened)
    accounts.set(operator, (await view('NodeRegistry', 'account', [operator])) as AccountBook)
  const credits = new Map<Address, bigint>()
  // a reporter that is an operator's wallet is credited by its account
  const reporters = distinct(await events('TaskBoard', ['Penalised']), 'reporter')
  for (const reporter of new Set([...reporters, ...opened]))
    credits.set(reporter, (await view('NodeRegistry', 'creditOf', [reporter])) as bigint)
  return {
    head,
    tasks: (await view('TaskBoard', 'tasks')) as bigint,
    board: await flow(contracts.TaskBoard.address),
    registry: await flow(contracts.NodeRegistry.address),
    accounts,
    credits,
    burntStake: (await view('NodeRegistry', 'burnt')) as bigint,
    burntPay: (await view('TaskBoard', 'burnt')) as bigint,
    staked: total(of('StakeAdded'), 'amount'),
    withdrawn: total(of('Withdrawn'), 'amount'),
    creditsWithdrawn: total(of('CreditWithdrawn'), 'amount'),
  }
}

type Args = Readonly<Record<string, unknown>>

function total(all: readonly Args[], name: string): bigint {
  return all.reduce((sum, args) => sum + (args[name] as bigint), 0n)
}

function distinct(all: readonly Args[], name: string): ReadonlySet<Address> {
  return new Set(all.map((args) => args[name] as Address))
}
