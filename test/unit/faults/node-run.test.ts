import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { errorCode, rsdp } from '../../helpers/rsdp.ts'
import { NO_SECONDS } from '../../../ignition/modules/Rsdp.ts'

const DIGEST = `0x${'11'.repeat(32)}`
const CONTRACT = { address: `0x${'22'.repeat(20)}`, block: 1, tx: DIGEST, codeHash: DIGEST }

/** A deployment file of a chain that is not asked. */
function deploymentOf(chainId: number): string {
  const { address } = CONTRACT
  const names = ['StakeToken', 'NodeRegistry', 'PhaseLog', 'Slasher', 'TaskBoard', 'BundleStore', 'TaskLines']
  return JSON.stringify({
    schema: 1,
    chainId,
    deployer: address,
    deployedAt: '2026-01-01T00:00:00.000Z',
    fromBlock: 1,
    deploymentId: DIGEST,
    chance: 'local',
    windows: {
      ...{ taskBlocksMax: 1, closeGrace: 1, evidence: 1, reorgDepth: 1, jail: 1, unbonding: 1 },
      ...{ ...NO_SECONDS, unbondingSeconds: 0 },
    },
    bountyWei: '1',
    contracts: Object.fromEntries(names.map((name) => [name, CONTRACT])),
  })
}

describe('rsdp node run --fault', () => {
  let dir: string
  before(async () => void (dir = await mkdtemp(join(tmpdir(), 'rsdp-fault-'))))
  after(() => rm(dir, { recursive: true, force: true }))

  async function runOn(chainId: number, fault: string): Promise<[number | null, string | undefined]> {
    const file = join(dir, `${chainId}.json`)
    await writeFile(file, deploymentOf(chainId))
    const run = await rsdp('node', 'run', '--data-dir', dir, '--deployment', file, '--fault', fault)
    return [run.code, errorCode(run)]
  }

  for (const chainId of [1, 1338, 11155111]) {
    it(`is refused on chain ${chainId}, before the key is read (3)`, async () => {
      expect(await runOn(chainId, 'equivocate-share:9')).deep.equal([3, 'E_FAULT_CHAIN'])
    })
  }

  for (const chainId of [31337, 1337]) {
    it(`is not refused on the local chain ${chainId}: the next thing is the key`, async () => {
      expect(await runOn(chainId, 'equivocate-share:9')).deep.equal([3, 'E_NO_KEY'])
    })
  }

  it('is refused by its name before the chain matters (2)', async () => {
    expect(await runOn(1, 'equivocate-share:9,explode')).deep.equal([2, 'E_FAULT'])
  })
})
