import { writeFileSync } from 'node:fs'
import { expect } from 'chai'
import { createKeyring } from '../../src/adapters/keys/keyring.ts'
import { ApiError } from '../../src/api/call.ts'
import { GatewayClient } from '../../src/api/gateway-client.ts'
import { taskWork } from '../../src/cli/app/task-work.ts'
import type { LocalNode } from '../../src/cli/local/register-nodes.ts'
import { fromHex, toHex, utf8Hex } from '../../src/codec/hex.ts'
import { DEFAULT_POLICY } from '../../src/services/policy.ts'
import { services } from '../../src/services/services.ts'
import type { Agreed } from '../../src/services/services.ts'
import { EXIT } from '../../src/types/exit-codes.ts'
import type { Hex } from '../../src/types/ids.ts'
import { rsdpHere } from '../helpers/cli.ts'
import { FaultyNetwork } from '../helpers/faulty-network.ts'
import { clientOf, untilTrue } from '../helpers/node-api.ts'

const NODES = 4
const STORE = 1
const PATIENCE_MS = 600_000
const CLIENT_KEY = new Uint8Array(32).fill(7)
const FILE = `services:
  - service: ${STORE}
    kind: store
    copies: { min: 3, max: 3 }
    needs: { cores: 0.01, memoryGb: 0.01, transactionsPerSecond: 1 }
    criticality: 0.95
    terms: { mode: active-passive, consistency: strong }
  - service: 2
    kind: gateway
    copies: { min: ${NODES}, max: ${NODES} }
    needs: { cores: 0.01, memoryGb: 0.01, transactionsPerSecond: 1 }
    calls: [${STORE}]
`

describe('gateways of four processes: clients with keys of their own, from outside', function () {
  this.timeout(2_000_000)
  let network: FaultyNetwork
  let task: bigint
  const urls = new Map<LocalNode, string>()
  const keyring = createKeyring(CLIENT_KEY)

  const store = (at: readonly LocalNode[], key = keyring): GatewayClient =>
    new GatewayClient({
      ...{ urls: at.map((node) => urls.get(node) ?? ''), keyring: key, task, service: STORE },
      patienceMs: 30_000,
    })
  const rsdp = async (...args: readonly string[]) => {
    const run = await rsdpHere(...args, '--json')
    const { data = {}, error } = JSON.parse(run.stdout) as {
      readonly data?: Readonly<Record<string, unknown>>
      readonly error?: { readonly code: string; readonly details: unknown }
    }
    return { code: run.code, data, error }
  }
  const place = (): string[] => ['--rpc-url', network.rpcUrl, '--deployment', network.deploymentFile, '--yes']
  const permit = (verbs: string) =>
    rsdp('services', 'permit', `${task}`, `${STORE}`, keyring.address, '--verbs', verbs, ...place())
  const agreed = async (at: LocalNode): Promise<Agreed | null> => {
    const state = await clientOf(at)
      .state(task)
      .catch(() => null)
    const decoded = state === null ? null : services.state.decode(fromHex(state.state as Hex))
    return decoded?.kind === 'agreed' ? decoded : null
  }
  const statusOf = (asked: Promise<unknown>): Promise<number> =>
    asked.then(
      () => 200,
      (error: unknown) => (error instanceof ApiError ? error.status : 0),
    )

  before(async () => {
    network = await FaultyNetwork.create(NODES)
    network.also = () => ['--serve', '127.0.0.1:0']
    network.heard = (node, { event, facts }) => {
      if (event === 'gateway.listening') urls.set(node, `http://127.0.0.1:${String(facts['port'])}`)
    }
    for (const node of network.nodes) network.start(node)
    const work = await taskWork({ reducer: 'services@1', params: JSON.stringify(DEFAULT_POLICY) })
    const pace = { slotTicks: 20, debateTicks: 10, shareTicks: 10, confirmTicks: 30, helloTicks: 10 }
    task = await network.runTask(1_200, { ...work, ...pace, epochHeights: 20, maxEvents: 64 })
    const file = network.file('services.yaml')
    writeFileSync(file, FILE)
    expect((await rsdp('services', 'put', `${task}`, file, ...place())).code).equal(EXIT.ok)
  })
  after(() => network.close())

  it('who has no permit gets nothing; who has one reads what it wrote, at every gateway', async () => {
    const [alice] = network.nodes as [LocalNode]
    // until a gateway is placed, there is none: no word about permits
    await untilTrue(async () => (await statusOf(store([alice]).get('limits'))) === 403, PATIENCE_MS)
    expect((await permit('get,put')).code).equal(EXIT.ok)
    await untilTrue(async () => (await statusOf(store([alice]).get('limits'))) === 200, PATIENCE_MS)
    const keyFile = network.file('client.json')
    writeFileSync(keyFile, toHex(CLIENT_KEY), { mode: 0o600 })
    const at = ['--task', `${task}`, '--key-file', keyFile, '--patience', '30']
    const all = network.nodes.flatMap((node) => ['--url', urls.get(node) ?? ''])
    const put = await rsdp('gateway', 'put', `${STORE}`, 'limits', '100', ...at, ...all)
    expect(put, JSON.stringify(put)).deep.include({ code: EXIT.ok })
    for (const node of network.nodes) {
      const got = await rsdp('gateway', 'get', `${STORE}`, 'limits', ...at, '--url', urls.get(node) ?? '')
      expect(got.data, node.name).deep.include({ key: 'limits', values: ['100'], consistency: 'strong' })
    }
    const stranger = createKeyring(new Uint8Array(32).fill(8))
    expect(await statusOf(store(network.nodes, stranger).get('limits'))).equal(403)
    expect(await statusOf(store(network.nodes).delete('limits'))).equal(403)
    const kept = await rsdp('gateway', 'delete', `${STORE}`, 'limits', ...at, ...all)
    expect([kept.code, kept.error?.code]).deep.equal([EXIT.precondition, 'E_STORE'])
  })

  it('the primary dies by kill -9: a write waits for the next one, and is done once', async () => {
    const before = (await agreed(network.nodes[0]!))!
    const seat = before.replication.groups.find(({ service }) => service === STORE)!.primary
    const key = before.header.seats[seat]!.key
    const primary = network.nodes.find((node) => node.key === key)!
    const rest = network.nodes.filter((node) => node !== primary)
    const client = store(rest)
    const session = await client.session()
    const { version } = await client.put('limits', utf8Hex('200'), { session, seq: 1 })
    await network.kill(primary)
    await untilTrue(async () => {
      // condition: nobody has written since; asked again with the same seq it is the same write
      return (await statusOf(client.put('limits', utf8Hex('300'), { session, seq: 2, version }))) === 200
    }, PATIENCE_MS)
    const values = await Promise.all(rest.map(async (node) => (await store([node]).get('limits')).values))
    expect(values).deep.equal(rest.map(() => [utf8Hex('300')]))
    expect(await statusOf(store(network.nodes).get('limits')), 'also where the first gateway is gone').equal(
      200,
    )
    const after = (await agreed(rest[0]!))!
    expect(after.replication.groups.find(({ service }) => service === STORE)!.primary).not.equal(seat)
  })

  it('the permit is taken back: nothing more', async () => {
    expect((await permit('none')).code).equal(EXIT.ok)
    await untilTrue(async () => (await statusOf(store(network.nodes).get('limits'))) === 403, PATIENCE_MS)
  })
})
