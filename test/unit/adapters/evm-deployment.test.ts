import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import type { Deployment } from '../../../src/adapters/evm/deployment.ts'
import {
  deploymentPath,
  parseDeployment,
  readDeployment,
  writeDeployment,
} from '../../../src/adapters/evm/deployment.ts'
import { EXIT } from '../../../src/types/exit-codes.ts'
import { failure } from '../../helpers/chain-rpc.ts'

const hex = (digit: string, bytes: number): `0x${string}` => `0x${digit.repeat(2 * bytes)}`
const contract = (digit: string) => ({
  address: hex(digit, 20),
  block: 3,
  tx: hex(digit, 32),
  codeHash: hex('f', 32),
})
const DEPLOYMENT: Deployment = {
  schema: 1,
  chainId: 31_337,
  deployer: hex('a', 20),
  deployedAt: '2026-11-21T10:04:11.000Z',
  fromBlock: 2,
  deploymentId: hex('b', 32),
  chance: 'local',
  windows: {
    ...{ taskBlocksMax: 200, closeGrace: 10, evidence: 30, reorgDepth: 6, jail: 20, unbonding: 300 },
    ...{ taskSecondsMax: 900, graceSeconds: 40, evidenceSeconds: 50, seedDelaySeconds: 10, jailSeconds: 7 },
    unbondingSeconds: 1_000,
  },
  bountyWei: '1000000000000000000',
  contracts: {
    StakeToken: { ...contract('1'), block: null, tx: null },
    NodeRegistry: contract('2'),
    PhaseLog: contract('3'),
    Slasher: contract('5'),
    TaskBoard: contract('4'),
    BundleStore: contract('6'),
    TaskLines: contract('7'),
  },
}
const { TaskBoard, ...WITHOUT_BOARD } = DEPLOYMENT.contracts

describe('deployment file', () => {
  let dir: string
  beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'rsdp-deployment-'))))
  afterEach(() => rmSync(dir, { recursive: true }))

  const MALFORMED: readonly (readonly [name: string, text: string])[] = [
    ['not JSON', '{"schema": 1,'],
    ['empty', ''],
    ['null', 'null'],
    ['another schema', JSON.stringify({ ...DEPLOYMENT, schema: 2 })],
    ['a missing contract', JSON.stringify({ ...DEPLOYMENT, contracts: WITHOUT_BOARD })],
    ['a short address', JSON.stringify({ ...DEPLOYMENT, deployer: '0xabcd' })],
    ['a negative block', JSON.stringify({ ...DEPLOYMENT, fromBlock: -1 })],
    ['a chain id as text', JSON.stringify({ ...DEPLOYMENT, chainId: '31337' })],
    [
      'a registry from nowhere',
      JSON.stringify({
        ...DEPLOYMENT,
        bountyWei: '1000000000000000000',
        contracts: { ...DEPLOYMENT.contracts, NodeRegistry: { ...TaskBoard, tx: null } },
      }),
    ],
  ]
  for (const [name, text] of MALFORMED) {
    it(`${name}: E_DEPLOYMENT_FILE`, () => {
      expect(() => parseDeployment(text, 'x.json'))
        .throw()
        .include({ code: 'E_DEPLOYMENT_FILE', exit: EXIT.usage })
    })
  }

  it('names every problem at once', () => {
    const text = JSON.stringify({ ...DEPLOYMENT, chainId: 0, deployer: 'me' })
    expect(() => parseDeployment(text, 'x.json')).throw(/chainId.*deployer/)
  })

  it('no file: E_NO_DEPLOYMENT', async () => {
    const error = await failure(readDeployment(join(dir, '31337.json')))
    expect(error).include({ code: 'E_NO_DEPLOYMENT', exit: EXIT.precondition })
  })

  it('reads back what was written, over an older file, and leaves nothing beside it', async () => {
    const path = deploymentPath(join(dir, 'deployments'), 31_337)
    await writeDeployment(path, { ...DEPLOYMENT, fromBlock: 1 })
    await writeDeployment(path, DEPLOYMENT)
    expect(await readDeployment(path)).deep.equal(DEPLOYMENT)
    expect(readdirSync(join(dir, 'deployments'))).deep.equal(['31337.json'])
  })

  it('reads checksummed addresses and unknown fields of a newer writer', async () => {
    const path = join(dir, 'd.json')
    writeFileSync(path, JSON.stringify({ ...DEPLOYMENT, deployer: hex('A', 20), note: 'x' }))
    expect(await readDeployment(path)).deep.equal(DEPLOYMENT)
  })

  it('a failed write leaves the old file', async () => {
    const path = join(dir, 'd.json')
    await writeDeployment(path, DEPLOYMENT)
    const before = readFileSync(path, 'utf8')
    const wrong = { ...DEPLOYMENT, chainId: -1 }
    let failed = false
    await writeDeployment(path, wrong).catch(() => (failed = true))
    expect(failed).equal(true)
    expect(readFileSync(path, 'utf8')).equal(before)
  })
})
