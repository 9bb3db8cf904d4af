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

  it('a line of which nothing runs here goes with its last task: no timer is left, and its successor begins anew', async () => {
    const node = await start(OLD)
    for (const [task, predecessor] of [
      [1n, 0n],
      [2n, 1n],
    ] as const)
      node.open(task, predecessor)
    node.over(1n)
    expect(node.clock.nextMs()).not.equal(null)
    node.over(2n)
    expect(node.clock.nextMs()).equal(null)
    node.open(3n, 2n)
    await node.decide(3n, begunStore(2, 'eventual'))
    expect(await node.agents.stores().ask(3n, SERVICE, put('a', 'x'))).include({ code: 'ok' })
  })

  it('a line goes on that is in another task when its first is over, before anything runs', async () => {
    const node = await start(OLD)
    node.open(1n)
    node.open(2n, 1n)
    node.over(1n)
    await node.decide(2n, begunStore(2, 'eventual'))
    expect(await node.agents.stores().ask(2n, SERVICE, put('a', 'x'))).include({ code: 'ok' })
  })

  it('copies that run here wait for the line’s next task', async () => {
    const node = await start(OLD)
    node.open(1n)
    await node.decide(1n, begunStore(2, 'eventual'))
    await node.agents.stores().ask(1n, SERVICE, put('a', 'x'))
    node.open(2n, 1n)
    node.over(1n)
    await node.pass(1_000)
    await node.decide(2n, begunStore(2, 'eventual'))
    expect(await values(node, 2n)).deep.equal([bytes('x')])
    node.over(2n)
    await node.pass(1_000)
    node.open(3n, 2n)
    expect(await values(node, 3n)).deep.equal([bytes('x')])
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
