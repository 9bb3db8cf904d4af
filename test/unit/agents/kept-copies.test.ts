import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { expect } from 'chai'
import { VirtualClock } from '../../../src/adapters/memory/clock.ts'
import { MemoryHub } from '../../../src/adapters/memory/transport.ts'
import { SqliteRecordJournal } from '../../../src/adapters/sqlite/record-journal.ts'
import { DiskCopyFolders } from '../../../src/adapters/system/copy-folders.ts'
import { Channel } from '../../../src/agents/channel.ts'
import { storeKind } from '../../../src/agents/kinds/store.ts'
import { PeerWatch } from '../../../src/agents/peer-watch.ts'
import { ServicesAgents } from '../../../src/agents/services-agents.ts'
import type { SourceRequest } from '../../../src/node/node-init.ts'
import type { StateSource } from '../../../src/ports/state-source.ts'
import { deadlock } from '../../../src/services/transactions/slice.ts'
import { EMPTY_HEADER } from '../../../src/services/header.ts'
import { health } from '../../../src/services/health/slice.ts'
import { metrics } from '../../../src/services/metrics/slice.ts'
import { placement } from '../../../src/services/placement/slice.ts'
import { replication } from '../../../src/services/replication/slice.ts'
import { models } from '../../../src/services/sentinel/models.ts'
import { services } from '../../../src/services/services.ts'
import type { Agreed } from '../../../src/services/services.ts'
import { trust } from '../../../src/services/trust/slice.ts'
import type { Address } from '../../../src/types/ids.ts'
import { GroupWorld, storesOn } from '../../helpers/services-replication.ts'

const SEATS = ['11', '22', '33'].map((byte): Address => `0x${byte.repeat(20)}`)
const LINE = 7n
const SERVICE = 1
const EMPTY: Agreed = {
  kind: 'agreed',
  header: {
    ...EMPTY_HEADER,
    heights: 1,
    agreedMs: 1_000,
    seats: SEATS.map((key, member) => ({ member, key })),
  },
  ...{ metrics: metrics.empty, health: health.empty, trust: trust.empty, placement: placement.empty },
  ...{ replication: replication.empty, deadlock: deadlock.empty, models: models.empty },
}

/** A group of all seats, decided as the slice does it. */
function begun(): Pick<Agreed, 'placement' | 'replication'> {
  const where = storesOn(new Map(SEATS.map((_, seat) => [seat, 'running' as const])))
  const world = new GroupWorld(SEATS.length)
  world.step({ reports: world.words(0, 1, 2), placement: where })
  return { placement: where, replication: world.state }
}

describe('what copies of stores have on a disk', () => {
  let root: string
  let clock: VirtualClock
  let agents: ServicesAgents
  let source: StateSource | null
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'rsdp-kept-'))
    clock = new VirtualClock()
    const silent = (): void => undefined
    agents = new ServicesAgents({
      host: { tier: 'edge', region: 0, capacity: {} },
      ...{ incarnation: 1, sampler: { sample: () => null }, clock, clockMs: () => 1_000 },
      logger: { info: silent, warn: silent, error: silent },
      kinds: [
        storeKind({ journal: (folder, name) => new SqliteRecordJournal(folder, name), clockMs: () => 1_000 }),
      ],
      folders: new DiskCopyFolders(root),
    })
    const channel = new Channel(new MemoryHub('auto').createTransport(SEATS[0] ?? '0x'))
    agents.connect({ channel, watch: new PeerWatch(clock, channel) })
    source = null
  })
  afterEach(async () => {
    await agents.stop()
    rmSync(root, { recursive: true })
  })

  const folder = (): string => join(root, String(LINE), String(SERVICE))
  const decide = async (state: Partial<Agreed>): Promise<void> => {
    source ??= agents.open({
      ...{ taskId: LINE, reducer: services.id, self: 0, members: SEATS.length, decided: [] },
      ...{ params: { predecessor: 0n, heights: 100 }, cluster: { members: SEATS.map((key) => ({ key })) } },
    } as unknown as SourceRequest)
    source.decided({ height: 1, state: services.state.encode({ ...EMPTY, ...state }) })
    for (let i = 0; i < 10; i += 1) {
      clock.advance(100)
      await setImmediate()
    }
  }
  const uses = (): string[] =>
    agents
      .stores()
      .kept()
      .map(({ use }) => use)
  const purge = (isForced = false): ReturnType<ReturnType<ServicesAgents['stores']>['purge']> =>
    agents.stores().purge(LINE, SERVICE, isForced)

  it('removes nothing that is in use, by order neither', async () => {
    expect(purge()).equal('nothing')
    await decide(begun())
    expect(uses()).deep.equal(['placed'])
    expect(purge(true)).equal('placed')
    // its copy has failed here, but the group counts it
    const { placement: where, replication: groups } = begun()
    const elsewhere = where.instances.filter(({ member }) => member !== 0)
    await decide({ placement: { ...where, instances: elsewhere }, replication: groups })
    expect(agents.stores().purge(LINE, SERVICE, true)).equal('placed')
    expect(existsSync(join(folder(), 'strong.sqlite'))).equal(true)
  })

  it('removes nothing that it does not know, unless it is forced', () => {
    mkdirSync(folder(), { recursive: true })
    writeFileSync(join(folder(), 'strong.sqlite'), 'of a line that is over')
    writeFileSync(join(root, 'no line'), '')
    expect(uses()).deep.equal(['unknown'])
    expect(purge()).equal('unknown')
    expect(purge(true)).equal('of a line that is over'.length)
    expect(existsSync(folder())).equal(false)
    expect(uses()).deep.equal([])
  })

  it('keeps what a removed service left until it is told to remove it', async () => {
    await decide(begun())
    await decide({})
    await decide({})
    expect(uses()).deep.equal(['left'])
    expect(existsSync(join(folder(), 'strong.sqlite'))).equal(true)
    expect(purge()).greaterThan(1_000)
    expect(existsSync(folder())).equal(false)
    expect(purge()).equal('nothing')
  })
})
