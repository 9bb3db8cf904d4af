import { keccak } from '../codec/hex.ts'
import type { Domain } from '../codec/objects.ts'
import { domainSeparator } from '../codec/objects.ts'
import type { HistoryWindows, TaskHistory } from '../ports/chain-history.ts'
import { AUDITED_CONTRACTS } from '../ports/history-events.ts'
import type { Judge } from './judge.ts'

/** The contracts are the ones that the deployment file names, on its chain; everything later is judged under its domain. */
export function checkIdentity(judge: Judge, { expected, chainId, code, views }: TaskHistory): Domain {
  const bench = judge.at('identity')
  const file = 'the deployment file says so'
  bench.equal('chainId', expected.chainId, chainId, file)
  for (const name of AUDITED_CONTRACTS) {
    if (code[name] === '0x') bench.mismatch(`${name}.code`, 'a contract', 'no code at its address', file)
    else bench.equal(`${name}.code`, expected.contracts[name].codeHash, keccak(code[name]), file)
  }
  bench.equal('deploymentId()', expected.deploymentId, views.deploymentId, file)
  bench.equal('bounty()', expected.bounty, views.bounty, file)
  for (const [name, value] of Object.entries(expected.windows) as [keyof HistoryWindows, bigint][])
    bench.equal(`windows().${name}`, value, views.windows[name], file)
  const domain: Domain = {
    chainId: expected.chainId,
    verifyingContract: expected.contracts.PhaseLog.address,
    salt: expected.deploymentId,
  }
  const why = 'recomputed from chain id, contract and deploymentId'
  bench.equal('domainSeparator()', domainSeparator(domain), views.domainSeparator, why)
  return domain
}
