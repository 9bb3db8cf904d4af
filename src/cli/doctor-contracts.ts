import { isCompiledCode } from '../adapters/evm/compiled.ts'
import type { Connection } from '../adapters/evm/connection.ts'
import type { Hex } from '../types/ids.ts'
import type { Check } from './doctor-check.ts'

const NAMES = ['NodeRegistry', 'PhaseLog', 'Slasher', 'TaskBoard', 'BundleStore', 'TaskLines'] as const

const WINDOWS = [
  ...(['taskBlocksMax', 'closeGrace', 'evidence', 'reorgDepth', 'jail'] as const),
  ...(['taskSecondsMax', 'graceSeconds', 'evidenceSeconds', 'seedDelaySeconds', 'jailSeconds'] as const),
]

/** Whether a deployment's code is that of the source here, and whether it was built as its file says. */
export async function checkContracts(connection: Connection): Promise<Check[]> {
  return [await checkSource(connection), await checkBuilt(connection)]
}

async function checkSource(connection: Connection): Promise<Check> {
  const { deployment, provider } = connection
  const others: string[] = []
  for (const name of NAMES) {
    const code = (await connection.read(provider.getCode(deployment.contracts[name].address))) as Hex
    if (!isCompiledCode(name, code)) others.push(name)
  }
  // built by the board's constructor, so the file does not name them
  const { board } = connection.contracts
  const built = await connection.read(Promise.all([board.drawing(), board.admission()]))
  for (const [i, name] of (['Drawing', 'Admission'] as const).entries()) {
    const code = (await connection.read(provider.getCode(built[i] ?? ''))) as Hex
    if (!isCompiledCode(name, code)) others.push(name)
  }
  const name = 'source'
  if (others.length === 0)
    return { name, verdict: 'ok', text: 'the code is what contracts/ compiles to', hint: '' }
  return {
    name,
    verdict: 'warn',
    text: `not what contracts/ compiles to: ${others.join(', ')}`,
    hint: 'compare with the commit that was deployed; do not trust code that has no source',
  }
}

/** What constructors were given, of which nothing can be changed any more. */
async function checkBuilt(connection: Connection): Promise<Check> {
  const { registry, log, slasher, board } = connection.contracts
  const { contracts, windows, bountyWei } = connection.deployment
  const [token, boards, logs, links, [unbonding, unbondingSeconds, bounty], onChain] = await connection.read(
    Promise.all([
      Promise.all([registry.token(), board.token()]),
      Promise.all([registry.board(), log.board(), slasher.board()]),
      Promise.all([board.log(), slasher.log()]),
      Promise.all([board.registry(), board.slasher()]),
      Promise.all([registry.unbondingBlocks(), registry.unbondingSeconds(), registry.bounty()]),
      board.windows(),
    ]),
  )
  const facts: readonly (readonly [what: string, seen: string | bigint, said: string | number])[] = [
    ...token.map((seen) => ['token', seen, contracts.StakeToken.address] as const),
    ...boards.map((seen) => ['board', seen, contracts.TaskBoard.address] as const),
    ...logs.map((seen) => ['log', seen, contracts.PhaseLog.address] as const),
    ['registry', links[0], contracts.NodeRegistry.address],
    ['slasher', links[1], contracts.Slasher.address],
    ['unbonding', unbonding, windows.unbonding],
    ['unbondingSeconds', unbondingSeconds, windows.unbondingSeconds],
    ['bounty', bounty, bountyWei],
    ...WINDOWS.map((name) => [name, onChain[name], windows[name]] as const),
  ]
  const wrong = facts.filter(([, seen, said]) => String(seen).toLowerCase() !== String(said))
  const name = 'built'
  if (wrong.length === 0)
    return { name, verdict: 'ok', text: 'token, links, windows and bounty are those of the file', hint: '' }
  return {
    name,
    verdict: 'fail',
    text: wrong.map(([what, seen, said]) => `${what} is ${seen}, the file says ${said}`).join('; '),
    hint: 'get the deployment file from whoever deployed',
  }
}
