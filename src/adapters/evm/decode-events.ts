import { AbiCoder } from 'ethers'
import type { Interface, LogDescription } from 'ethers'
import type { AddressesUpdatedEvent } from '../../../types/ethers-contracts/NodeRegistry.ts'
import type { CheckpointedEvent, RepublishedEvent } from '../../../types/ethers-contracts/PhaseLog.ts'
import type { ConvictedEvent } from '../../../types/ethers-contracts/Slasher.ts'
import type {
  ClusterFormedEvent,
  ITaskBoard,
  JoinedEvent,
  LedgerEventEvent,
  SystemEntryEvent,
  TaskFinalizedEvent,
  TaskPublishedEvent,
  TaskRevokedEvent,
} from '../../../types/ethers-contracts/TaskBoard.ts'
import { fromHex, keccak } from '../../codec/hex.ts'
import type { ChainEvent } from '../../ports/chain.ts'
import type { Cluster } from '../../types/cluster.ts'
import { invariant } from '../../types/errors.ts'
import { OFFENCES } from '../../types/evidence.ts'
import type { Address, Digest, Hex } from '../../types/ids.ts'
import type { TaskParams } from '../../types/task.ts'
import { abis } from './abi.ts'
import type { Deployment } from './deployment.ts'
import type { PageLog } from './endpoints/page-log.ts'
import type { EventFilter } from './endpoints/settle-page.ts'
import { decodeMultiaddrs } from './multiaddrs.ts'

/** A chain event without the block it is in. */
type Fact = ChainEvent extends infer E ? (E extends ChainEvent ? Omit<E, 'block'> : never) : never
type Decoder = (args: unknown) => Fact | null

/** What a node reads of each contract. Arguments by position: the bindings type them, and names may be those of arrays. */
const DECODERS = {
  NodeRegistry: {
    AddressesUpdated: (args) => {
      const [key, addresses] = args as AddressesUpdatedEvent.OutputTuple
      return { kind: 'nodeAddresses', key: lower(key), addresses: decodeMultiaddrs([...addresses]) }
    },
  },
  TaskBoard: {
    TaskPublished: (args) => {
      const [taskId, client, , params] = args as TaskPublishedEvent.OutputTuple
      return { kind: 'taskPublished', taskId, client: lower(client), ...hashedParams(params) }
    },
    Joined: (args) => {
      const [taskId, key, operator] = args as JoinedEvent.OutputTuple
      return { kind: 'taskJoined', taskId, key: lower(key), operator: lower(operator) }
    },
    TaskRevoked: (args) => {
      const [taskId] = args as TaskRevokedEvent.OutputTuple
      return { kind: 'taskRevoked', taskId }
    },
    ClusterFormed: (args) => {
      const formed = args as ClusterFormedEvent.OutputTuple
      return { kind: 'clusterFormed', taskId: formed[0], cluster: cluster(formed) }
    },
    LedgerEvent: (args) => {
      const [taskId, seq, originator, data] = args as LedgerEventEvent.OutputTuple
      return {
        kind: 'ledgerEvent',
        taskId,
        seq: Number(seq),
        ledgerKind: 'posted',
        originator: lower(originator),
        data: fromHex(lower(data)),
      }
    },
    SystemEntry: (args) => {
      const [taskId, seq, data] = args as SystemEntryEvent.OutputTuple
      return {
        kind: 'ledgerEvent',
        taskId,
        seq: Number(seq),
        ledgerKind: 'system',
        originator: `0x${'00'.repeat(20)}`,
        data: fromHex(lower(data)),
      }
    },
    TaskFinalized: (args) => {
      const [taskId, height, , result] = args as TaskFinalizedEvent.OutputTuple
      return { kind: 'taskFinalized', taskId, height: Number(height), result: fromHex(lower(result)) }
    },
  },
  PhaseLog: {
    Checkpointed: (args) => {
      const [taskId, first, last, root, , bitmap, sharedSeq, sharedHead, , batch, , notes] =
        args as CheckpointedEvent.OutputTuple
      return {
        kind: 'checkpointed',
        taskId,
        first: Number(first),
        height: Number(last),
        root: lower(root),
        bitmap,
        sharedSeq: Number(sharedSeq),
        sharedHead: lower(sharedHead),
        batch: lower(batch),
        notes: lower(notes),
      }
    },
    Republished: (args) => {
      const [taskId, height, hints, notes] = args as RepublishedEvent.OutputTuple
      return { kind: 'republished', taskId, height: Number(height), hints: lower(hints), notes: lower(notes) }
    },
  },
  Slasher: {
    Convicted: (args) => {
      const [taskId, member, offence, , , , percent, reporter] = args as ConvictedEvent.OutputTuple
      const kind = OFFENCES[Number(offence)]
      return kind === undefined
        ? null
        : {
            kind: 'convicted',
            taskId,
            member: Number(member),
            offence: kind,
            percent: Number(percent),
            reporter: lower(reporter),
          }
    },
  },
} as const satisfies Readonly<Record<string, Readonly<Record<string, Decoder>>>>

const SOURCES = ['NodeRegistry', 'TaskBoard', 'PhaseLog', 'Slasher'] as const

/** Turns logs of one deployment into chain events; those that do not decode are left out. */
export class EventDecoder {
  readonly filter: EventFilter
  readonly #byAddress = new Map<string, (log: PageLog) => Fact | null>()

  constructor(deployment: Deployment) {
    const pairs: [Address, Digest][] = []
    for (const name of SOURCES) {
      const abi: Interface = abis()[name]
      const decoders: Readonly<Partial<Record<string, Decoder>>> = DECODERS[name]
      const { address } = deployment.contracts[name]
      this.#byAddress.set(address, (log) => {
        const parsed = parseLog(abi, log)
        return parsed === null ? null : (decoders[parsed.name]?.(parsed.args) ?? null)
      })
      for (const event of Object.keys(decoders)) {
        const fragment = abi.getEvent(event)
        if (fragment !== null) pairs.push([address, fragment.topicHash as Digest])
      }
    }
    this.filter = {
      address: [...this.#byAddress.keys()],
      topics: [pairs.map(([, topic]) => topic)],
      pairs,
    }
  }

  /** @param logs in the order of the chain, each once */
  decode(logs: readonly PageLog[]): ChainEvent[] {
    return logs.flatMap((log) => {
      const fact = this.#byAddress.get(log.address)?.(log) ?? null
      return fact === null ? [] : [{ ...fact, block: log.blockNumber }]
    })
  }
}

function parseLog(abi: Interface, log: PageLog): LogDescription | null {
  try {
    const parsed = abi.parseLog(log)
    // arguments are decoded on access: a malformed one throws here rather than in a decoder
    parsed?.args.toArray(true)
    return parsed
  } catch {
    return null
  }
}

function cluster([, id, seed, , , keys, operators, weights]: ClusterFormedEvent.OutputTuple): Cluster {
  const members = [...keys].map((key, index) => ({
    index,
    key: lower(key),
    operator: lower(operators[index] ?? ''),
    weight: Number(weights[index]),
  }))
  const totalWeight = members.reduce((sum, { weight }) => sum + weight, 0)
  return { id: lower(id), seed: lower(seed), members, totalWeight }
}

/** With their hash: what a node agrees to is what it has read, whatever hash the event names. */
function hashedParams(params: ITaskBoard.TaskParamsStructOutput): { params: TaskParams; paramsHash: Digest } {
  const type = abis()
    .TaskBoard.getEvent('TaskPublished')
    .inputs.find(({ name }) => name === 'params')
  invariant(type !== undefined, 'TaskPublished has params')
  const encoded = AbiCoder.defaultAbiCoder().encode([type], [params])
  return { params: taskParams(params), paramsHash: keccak(encoded as Hex) }
}

function taskParams(params: ITaskBoard.TaskParamsStructOutput): TaskParams {
  return {
    reducer: lower(params.reducer),
    reducerParams: lower(params.reducerParams),
    usesPrevious: params.usesPrevious,
    twin: lower(params.twin),
    predecessor: params.predecessor,
    minNodes: Number(params.minNodes),
    maxNodes: Number(params.maxNodes),
    heights: Number(params.heights),
    epochHeights: Number(params.epochHeights),
    stateCap: Number(params.stateCap),
    inputCap: Number(params.inputCap),
    calldataInputs: params.calldataInputs,
    stakePerNode: params.stakePerNode,
    rewardPerHeight: params.rewardPerHeight,
    checkpointFee: params.checkpointFee,
    formGasPrice: params.formGasPrice,
    joinDeadline: Number(params.joinDeadline),
    joinTime: Number(params.joinTime),
    endBlock: Number(params.endBlock),
    endTime: Number(params.endTime),
    stallBlocks: Number(params.stallBlocks),
    stallSeconds: Number(params.stallSeconds),
    turnBlocks: Number(params.turnBlocks),
    maxEvents: Number(params.maxEvents),
    tickMs: Number(params.tickMs),
    debateTicks: Number(params.debateTicks),
    shareTicks: Number(params.shareTicks),
    confirmTicks: Number(params.confirmTicks),
    helloTicks: Number(params.helloTicks),
    slotTicks: Number(params.slotTicks),
    reporters: [...params.reporters].map(lower),
  }
}

function lower(hex: string): Hex {
  return hex.toLowerCase() as Hex
}
