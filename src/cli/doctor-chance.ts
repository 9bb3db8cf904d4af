import type { Connection } from '../adapters/evm/connection.ts'
import type { Chance } from '../types/chance.ts'
import { RsdpError } from '../types/errors.ts'
import type { Check } from './doctor-check.ts'

const TEXT: Readonly<Record<Chance, string>> = {
  good: 'many proposers, one of them can bias one bit',
  weak: 'whoever builds the blocks may know or choose who is drawn',
  local: 'a development chain, nobody has to trust it',
}

/** What draws clusters on this chain: how good its chance is, and whether its block headers can be proved. */
export async function checkChance(connection: Connection): Promise<Check[]> {
  const { chainId, chance } = connection.deployment
  const window = await connection.read(connection.contracts.board.formWindow())
  const text = `${chance} on chain ${chainId}: ${TEXT[chance]}; a cluster can be drawn for ${window} blocks`
  const hint =
    chance === 'weak'
      ? 'a node signs up here only if its policy has weak among its chances: for clients and members that you know'
      : ''
  return [
    { name: 'chance', verdict: chance === 'weak' ? 'warn' : 'ok', text, hint },
    await checkHeader(connection),
  ]
}

/** A fork may have appended header fields that this program does not know: then its nodes cannot draw. */
async function checkHeader(connection: Connection): Promise<Check> {
  try {
    const { fork } = await connection.header('latest')
    const text = `the latest header is rebuilt by the fields of ${fork}`
    return { name: 'header', verdict: 'ok', text, hint: '' }
  } catch (error) {
    if (!(error instanceof RsdpError) || error.code !== 'E_HEADER') throw error
    return { name: 'header', verdict: 'fail', text: `${error.code}: ${error.message}`, hint: error.hint }
  }
}
