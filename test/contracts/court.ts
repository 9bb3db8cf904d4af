/** A Slasher that judges tasks which ran elsewhere. */
import { AbiCoder, concat, keccak256, toBeHex } from 'ethers'
import { PARAMS_TYPE } from '../../src/audit/task.ts'
import { encodeSnapshot } from '../../src/codec/roots.ts'
import type { Cluster } from '../../src/types/cluster.ts'
import type { Address, Digest } from '../../src/types/ids.ts'
import type { TaskParams } from '../../src/types/task.ts'
import type { Connection } from './world.ts'

export interface Tried {
  readonly cluster: Cluster
  readonly separator: Digest
  /** With the twin of `RateLimitTwin` in the place of theirs. */
  readonly params: TaskParams
  /** Rolling hashes of the ledger events. */
  readonly events: readonly Digest[]
}

export async function openCourt({ ethers }: Connection, taskIds: readonly bigint[], tried: Tried) {
  const { cluster, separator, events } = tried
  const [deployer] = await ethers.getSigners()
  const harness = await ethers.deployContract('CourtHarness')
  const slasher = await ethers.deployContract('Slasher', [harness, harness])
  const twin = (await (await ethers.deployContract('RateLimitTwin')).getAddress()) as Address
  const params: TaskParams = { ...tried.params, twin }
  const snapshot = concat(['0x00', encodeSnapshot(cluster.members)])
  const length = toBeHex((snapshot.length - 2) / 2, 2)
  // copies what follows itself, and returns it
  const data = concat(['0x61', length, '0x80600a3d393df3', snapshot])
  const receipt = await (await deployer!.sendTransaction({ data })).wait()
  const { epochHeights } = params
  const identity = { separator, cluster: cluster.id, snapshot: receipt!.contractAddress!, epochHeights }
  const paramsHash = keccak256(AbiCoder.defaultAbiCoder().encode([PARAMS_TYPE], [params]))
  const codeHash = keccak256(await ethers.provider.getCode(twin))
  for (const taskId of taskIds)
    await harness.open(taskId, identity, { paramsHash, codeHash, seed: cluster.seed }, [...events])
  return { slasher, params, deployer: deployer! }
}
