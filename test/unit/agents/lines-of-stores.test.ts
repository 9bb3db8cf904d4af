import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { MemoryHub } from '../../../src/adapters/memory/transport.ts'
import type { Address } from '../../../src/types/ids.ts'
import { begunStore, ServicesNode } from '../../helpers/services-node.ts'
import { bytes, get, put } from '../../helpers/store/copies.ts'

const SEATS = ['11', '22'].map((byte): Address => `0x${byte.repeat(20)}`)
const [OLD, NEW] = SEATS as [Address, Address]
const SERVICE = 1

describe('stores of a line of tasks', () => {
  let root: string
  let hub: MemoryHub
  let nodes: ServicesNode[]
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'rsdp-line-'))
    hub = new MemoryHub('auto')
    nodes = []
  })
  afterEach(async () => {
    for (const node of nodes) await node.stop()
    rmSync(root, { recursive: true })
  })

  const start = async (key: Address): Promise<ServicesNode> => {
    const node = new ServicesNode(join(root, key), hub, key, SEATS)
    nodes.push(node)
    await node.start()
    return node
  }
  const values = async (node: ServicesNode, task: bigint): Promise<unknown> => {
    const answer = await node.agents.stores().ask(task, SERVICE, get('a'))
    return answer.code === 'ok' ? answer.values : answer.refusal
  }

  it('a member that is new to the line talks to those who know its first tasks', async () => {
    const store = begunStore(2, 'eventual')
    const old = await start(OLD)
    for (const [task, predecessor] of [
      [1n, 0n],
      [2n, 1n],
      [3n, 2n],
    ] as const) {
      old.open(task, predecessor)
      await old.decide(task, store)
    }
    const newcomer = await start(NEW)
    newcomer.open(3n, 2n)
    await newcomer.decide(3n, store)
    expect(await old.agents.stores().ask(3n, SERVICE, put('a', 'x'))).include({ code: 'ok' })
    for (let i = 0; i < 10; i += 1) for (const node of [old, newcomer]) await node.pass(500)
    expect(await values(newcomer, 3n)).deep.equal([bytes('x')])
  })

  it('finds its data again when it starts in a later task of the line', async () => {
    const store = begunStore(2, 'eventual')
    const before = await start(OLD)
    for (const [task, predecessor] of [
      [1n, 0n],
      [2n, 1n],
      [3n, 2n],
    ] as const) {
      before.open(task, predecessor)
      await before.decide(task, store)
    }
    await before.agents.stores().ask(3n, SERVICE, put('a', 'x'))
    await before.stop()
    nodes = []
    const after = await start(OLD)
    after.open(3n, 2n)
    await after.decide(3n, store)
    expect(await values(after, 3n)).deep.equal([bytes('x')])
    expect(after.agents.stores().kept()).length(1)
  })
})
