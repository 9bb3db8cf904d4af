import { expect } from 'chai'
import { MemoryDisk } from '../../../src/adapters/memory/store.ts'
import { Outbox } from '../../../src/node/outbox.ts'
import type { Store } from '../../../src/ports/store.ts'
import { chainFault, ScriptedChain } from '../../helpers/runner-cluster-chain.ts'
import { OWNER } from '../../helpers/store-kit.ts'

describe('Outbox', () => {
  let chain: ScriptedChain
  let disk: MemoryDisk
  let store: Store
  let outbox: Outbox

  beforeEach(() => {
    chain = new ScriptedChain()
    disk = new MemoryDisk()
    store = disk.open(OWNER)
    outbox = new Outbox(store, chain)
  })

  it('writes down before it sends, and strikes off what is mined', async () => {
    let written: unknown
    chain.before = () => void (written = store.outbox().map(({ id }) => id))
    expect(await outbox.send('a', chain.prepareJoin(1n))).to.deep.include({ kind: 'mined' })
    expect(written).to.deep.equal(['a'])
    expect(outbox.length).to.equal(0)
  })

  it('strikes off what the contract refuses: sending it again is no use', async () => {
    chain.outcome = () => ({ kind: 'reverted', error: 'NotOpen' })
    expect(await outbox.send('a', chain.prepareJoin(1n))).to.deep.equal({
      kind: 'reverted',
      error: 'NotOpen',
    })
    expect(outbox.length).to.equal(0)
  })

  it('sends in turn, the next one only when the last has its outcome', async () => {
    const running: string[] = []
    const { promise, resolve } = Promise.withResolvers<undefined>()
    chain.before = (_, call) => {
      running.push(call!)
      return call === 'join 1' ? promise : undefined
    }
    const first = outbox.send('a', chain.prepareJoin(1n))
    const second = outbox.send('b', chain.prepareJoin(2n))
    await Promise.resolve()
    expect(running).to.deep.equal(['join 1'])
    resolve(undefined)
    await Promise.all([first, second])
    expect(chain.sent).to.deep.equal(['join 1', 'join 2'])
  })

  it('keeps what failed, and goes on with the next', async () => {
    chain.before = (_, call) => {
      if (call === 'join 1') throw chainFault('E_RPC_DOWN')
    }
    const first = outbox.send('a', chain.prepareJoin(1n)).catch((error: unknown) => error)
    await outbox.send('b', chain.prepareJoin(2n))
    expect(await first).to.deep.include({ code: 'E_RPC_DOWN' })
    expect(store.outbox().map(({ id }) => id)).to.deep.equal(['a'])
  })

  describe('resume', () => {
    it('after a restart sends what was left behind, oldest first, once', async () => {
      for (const id of ['a', 'b', 'c']) {
        chain.before = () => {
          throw chainFault('E_TX_TIMEOUT')
        }
        await outbox.send(id, chain.prepareJoin(BigInt(id.charCodeAt(0)))).catch(() => undefined)
      }
      disk.crash()
      chain.before = () => undefined
      const again = new Outbox(disk.open(OWNER), chain)
      await again.resume()
      expect(chain.sent).to.deep.equal(['join 97', 'join 98', 'join 99'])
      await again.resume()
      expect(chain.sent).to.have.length(3)
    })

    it('lets no entry keep the others from their turn, and says what failed', async () => {
      const failing = new Set(['join 1', 'join 3'])
      chain.before = (_, call) => {
        if (failing.has(call!)) throw chainFault(call === 'join 1' ? 'E_FUNDS_GAS' : 'E_RPC_DOWN')
      }
      for (const id of [1n, 3n]) await outbox.send(String(id), chain.prepareJoin(id)).catch(() => undefined)
      store.enqueue({ id: '2', ...chain.prepareJoin(2n) })
      const error: unknown = await outbox.resume().catch((thrown: unknown) => thrown)
      expect(error).to.deep.include({ code: 'E_FUNDS_GAS' })
      expect(chain.sent).to.deep.equal(['join 2'])
      expect(store.outbox().map(({ id }) => id)).to.deep.equal(['1', '3'])
    })

    it('stops at an error that does not pass', async () => {
      for (const id of [1n, 2n]) store.enqueue({ id: String(id), ...chain.prepareJoin(id) })
      chain.before = () => {
        throw chainFault('E_REORG')
      }
      expect(await outbox.resume().catch((thrown: unknown) => thrown)).to.deep.include({ code: 'E_REORG' })
      expect(chain.sent).to.be.empty
    })
  })
})
