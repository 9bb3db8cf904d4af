import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { MemoryHub } from '../../../src/adapters/memory/transport.ts'
import type { Stores } from '../../../src/ports/stores.ts'
import type { Agreed } from '../../../src/services/services.ts'
import type { Address } from '../../../src/types/ids.ts'
import { begunStore, ServicesNode } from '../../helpers/services-node.ts'

const SEATS = ['11', '22', '33'].map((byte): Address => `0x${byte.repeat(20)}`)
const LINE = 7n
const SERVICE = 1
const begun = (): ReturnType<typeof begunStore> => begunStore(SEATS.length, 'strong')

describe('what copies of stores have on a disk', () => {
  let root: string
  let node: ServicesNode
  let stores: Stores
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'rsdp-kept-'))
    node = new ServicesNode(root, new MemoryHub('auto'), SEATS[0] ?? '0x', SEATS)
    stores = node.agents.stores()
  })
  afterEach(async () => {
    await node.stop()
    rmSync(root, { recursive: true })
  })

  const folder = (): string => join(root, String(LINE), String(SERVICE))
  const decide = async (state: Partial<Agreed>): Promise<void> => {
    node.open(LINE)
    await node.decide(LINE, state)
  }
  const uses = (): string[] => stores.kept().map(({ use }) => use)
  const purge = (isForced = false): ReturnType<Stores['purge']> => stores.purge(LINE, SERVICE, isForced)

  it('removes nothing that is in use, by order neither', async () => {
    expect(purge()).equal('nothing')
    await decide(begun())
    expect(uses()).deep.equal(['placed'])
    expect(purge(true)).equal('placed')
    // its copy has failed here, but the group counts it
    const { placement: where, replication: groups } = begun()
    const elsewhere = where.instances.filter(({ member }) => member !== 0)
    await decide({ placement: { ...where, instances: elsewhere }, replication: groups })
    expect(purge(true)).equal('placed')
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
