import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect } from 'chai'
import { toHex, utf8Hex } from '../../../src/codec/hex.ts'
import { encodeKvCommand } from '../../../src/reducers/machines/kv-config.ts'
import { AgreementWorld as World, CLUSTER, get, put, told } from '../../helpers/agreement-world.ts'

describe('agreement', () => {
  let world: World
  beforeEach(() => (world = new World()))
  afterEach(() => world.end())

  it('refuses what the machine does not know or an input cannot hold, and keeps nothing of it', async () => {
    for (const command of [Uint8Array.of(9), new Uint8Array(9_001)])
      expect(told(await world.agreement.propose(command))).to.equal('not-a-command')
    world.restart()
    expect(toHex(await world.agreement.observe()).slice(20)).to.match(/^0*$/)
  })

  it('answers each command with what the machine made of it, in order, at the height that holds it', async () => {
    const first = [put(1), get].map((command) => world.agreement.propose(command))
    expect(world.wishes).to.equal(2)
    await world.decide()
    const second = world.agreement.propose(get)
    await world.decide()
    expect((await Promise.all([...first, second])).map(told)).to.deep.equal([
      'done 1 0x01 @1',
      'done 1 0x01 @1',
      'done 1 0x01 @2',
    ])
  })

  it('in a line goes on from what was handed over, and answers by it after a restart, too', async () => {
    const first = world.agreement.propose(put(1))
    await world.decide()
    expect(told(await first)).to.equal('done 1 0x01 @1')
    const { state } = world.history[0]!
    const next = new World(100, true)
    next.clockMs += 60_000
    try {
      void next.agreement.propose(get, 'asked early')
      expect(next.wishes).to.equal(1)
      next.handed = state
      next.agreement.handedOver(state)
      expect(next.wishes).to.equal(2)
      await next.decide({ told: false })
      next.restart()
      // the height was decided while nobody was there to be told: its answer needs the state before it
      next.agreement.handedOver(state)
      expect(told(await next.agreement.propose(get, 'asked early'))).to.equal('done 1 0x01 @1')
      const again = next.agreement.propose(get)
      await next.decide()
      expect(told(await again)).to.equal('done 1 0x01 @2')
    } finally {
      next.end()
    }
  })

  it('says by the name of a request what became of it, also after a restart; and nothing of what it refused', async () => {
    void world.agreement.propose(put(1), 'mine')
    void world.agreement.propose(Uint8Array.of(9), 'wrong')
    expect(['mine', 'wrong', 'other'].map((name) => world.agreement.outcome(name))).to.deep.equal([
      ...['waiting', null, null],
    ])
    world.restart()
    expect(world.agreement.outcome('mine')).to.equal('waiting')
    await world.decide()
    const known = world.agreement.outcome('mine')
    expect(known).to.deep.include({ height: 1 })
    world.restart()
    expect(world.agreement.outcome('mine')).to.deep.equal(known)
  })

  it('proposes again, and asks for a height, until a list holds it', async () => {
    const outcome = world.agreement.propose(put(1))
    await world.decide({ withAlice: false })
    await world.decide({ withAlice: false })
    expect(world.wishes).to.equal(3)
    await world.decide()
    expect(told(await outcome)).to.equal('done 1 0x01 @3')
    expect(world.wishes).to.equal(3)
  })

  it('goes on after a crash before, and after, the height that holds a command: it is applied once', async () => {
    void world.agreement.propose(put(1), 'one')
    world.restart()
    await world.decide({ told: false })
    // the list holds it, and nobody was there to be told
    world.restart()
    expect(told(await world.agreement.propose(put(1), 'one'))).to.equal('done 1 0x01 @1')
    const next = world.agreement.propose(get)
    await world.decide()
    expect(told(await next)).to.equal('done 1 0x01 @2')
    world.restart()
    expect(told(await world.agreement.propose(put(1), 'one')), 'over another restart').to.equal(
      'done 1 0x01 @1',
    )
  })

  it('takes a request of one name once, whoever waits for it', async () => {
    const both = [put(1), put(1)].map((command) => world.agreement.propose(command, 'same'))
    await world.decide()
    expect((await Promise.all(both)).map(told)).to.deep.equal(['done 1 0x01 @1', 'done 1 0x01 @1'])
    expect(told(await world.agreement.propose(put(2), 'same'))).to.equal('done 1 0x01 @1')
  })

  it('says so when the session is over, never applies its commands, and begins another', async () => {
    // a clock far ahead: the log does not take a session from the future
    world.clockMs += 3_600_000
    const ahead = world.agreement.propose(put(1))
    world.clockMs -= 3_600_000
    await world.decide()
    expect(told(await ahead)).to.equal('session-over')
    const next = world.agreement.propose(get)
    await world.decide()
    expect(told(await next)).to.equal('missing 0 0x @2')
  })

  it('ends with its task: what no height holds is refused, and so is what comes later', async () => {
    world.end()
    world = new World(1)
    const late = world.agreement.propose(put(1))
    await world.decide({ withAlice: false })
    expect(told(await late)).to.equal('over')
    expect(told(await world.agreement.propose(put(1)))).to.equal('over')
  })

  it('of a task that ended below, says which commands are lost and which are final; no height takes one any more', async () => {
    const outcomes = [1, 2].map(async (value) => {
      const outcome = world.agreement.propose(put(value), `put ${value}`)
      await world.decide()
      return told(await outcome)
    })
    await Promise.all(outcomes)
    const waits = world.agreement.propose(put(3), 'put 3')
    world.agreement.ended(1, world.history[0]!.state)
    const standing = (name: string): unknown => {
      const known = world.agreement.outcome(name)
      return typeof known === 'object' ? known?.standing : known
    }
    expect(['put 1', 'put 2', 'put 3'].map(standing)).to.deep.equal(['final', 'superseded', undefined])
    expect(told(await waits)).to.equal('over')
    expect(told(await world.agreement.propose(put(2), 'put 2'))).to.equal('superseded')
    expect(told(await world.agreement.propose(put(4)))).to.equal('over')
  })

  it('reads a journal of before there were lines', async () => {
    const path = join(world.dir, 'commands', `${CLUSTER.slice(2, 34)}.sqlite`)
    void world.agreement.propose(put(1), 'old')
    world.agreement.close()
    const database = new DatabaseSync(path)
    database.exec('ALTER TABLE commands DROP COLUMN for_line')
    database.close()
    world.reopen()
    await world.decide()
    expect(told(await world.agreement.propose(put(1), 'old'))).to.equal('done 1 0x01 @1')
  })

  it('brings no more than fits, and the rest in later heights', async () => {
    const value = new Uint8Array(4_000)
    const command = encodeKvCommand({ kind: 'put', key: utf8Hex('k'), version: null, value })
    const outcomes = Array.from({ length: 5 }, () => world.agreement.propose(command))
    for (let i = 0; i < 3; i += 1) await world.decide()
    const heights = (await Promise.all(outcomes)).map((one) => ('height' in one ? one.height : 0))
    expect(heights).to.deep.equal([1, 1, 2, 2, 3])
  })
})
