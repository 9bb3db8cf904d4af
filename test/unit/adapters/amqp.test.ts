import { expect } from 'chai'
import fc from 'fast-check'
import { brokerError } from '../../../src/adapters/amqp/broker-error.ts'
import { brokerName, brokerOf, parseBrokerUrl } from '../../../src/adapters/amqp/broker-url.ts'
import { ReplayWindow } from '../../../src/adapters/amqp/replay-window.ts'
import { RsdpError } from '../../../src/types/errors.ts'

const KEY = `0x${'0a'.repeat(20)}` as const

describe('ReplayWindow', () => {
  it('takes each number once, and none 1,024 or more behind the newest', () => {
    const numbers = fc.array(fc.bigInt({ min: 1n, max: 3_000n }), { maxLength: 400 })
    fc.assert(
      fc.property(numbers, (sequence) => {
        const window = new ReplayWindow()
        // the same rule with a set that forgets nothing
        const taken = new Set<bigint>()
        let newest = 0n
        for (const number of sequence) {
          const expected = !taken.has(number) && number > newest - 1_024n
          expect(window.isFresh(number)).to.equal(expected)
          if (!expected) continue
          window.take(number)
          taken.add(number)
          if (number > newest) newest = number
        }
      }),
    )
  })

  it('survives the largest jump', () => {
    const window = new ReplayWindow()
    window.take(1n)
    window.take(2n ** 64n - 1n)
    expect(window.isFresh(1n)).to.equal(false)
    expect(window.isFresh(2n ** 64n - 2n)).to.equal(true)
    expect(window.isFresh(2n ** 64n - 1n)).to.equal(false)
  })
})

describe('parseBrokerUrl', () => {
  const REFUSED = [
    'localhost',
    'http://user:secret@host/',
    'amqp://',
    'amqp://user:secret@host:5672/a/b',
    'amqp://user:secret@host:99999/',
    'amqp://user:secret@host/?heartbeat=0',
    'amqp://user:secret@host/#x',
    'amqp://user:secret%zz@host/',
    'amqp://user:secret@host/%zz',
    '',
  ]
  for (const text of REFUSED) {
    it(`refuses ${JSON.stringify(text)} without repeating it`, () => {
      expect(() => parseBrokerUrl(text))
        .to.throw(RsdpError)
        .that.satisfies(
          (error: RsdpError) => error.code === 'E_BROKER_URL' && !error.message.includes('secret'),
        )
    })
  }

  it('reads user, password, host, port and vhost', () => {
    expect(parseBrokerUrl('amqp://al%40ice:p%2fw@broker.example:5673/team%2fa')).to.deep.equal({
      hostname: 'broker.example',
      port: 5_673,
      username: 'al@ice',
      password: 'p/w',
      vhost: 'team/a',
      isTls: false,
    })
  })

  it('has the defaults of RabbitMQ', () => {
    const guest = { username: 'guest', password: 'guest', vhost: '/' }
    expect(parseBrokerUrl('amqp://127.0.0.1')).to.deep.include({ ...guest, port: 5_672, isTls: false })
    expect(parseBrokerUrl('amqps://[::1]/')).to.deep.include({
      ...guest,
      hostname: '::1',
      port: 5_671,
      isTls: true,
    })
  })

  it('names a broker without user and password', () => {
    expect(brokerName(parseBrokerUrl('amqp://u:secret@h:1/v%2fw'))).to.equal('amqp://h:1/v%2Fw')
    expect(brokerName(parseBrokerUrl('amqps://u:secret@[::1]/'))).to.equal('amqps://[::1]:5671/%2F')
  })

  it('takes libp2p for no broker', () => {
    expect(brokerOf('libp2p')).to.equal(null)
  })
})

describe('brokerError', () => {
  const CASES: readonly (readonly [cause: unknown, code: string])[] = [
    [Object.assign(new Error('RESOURCE_LOCKED'), { code: 405 }), 'E_ADDR_IN_USE'],
    [Object.assign(new Error('ACCESS_REFUSED'), { code: 403 }), 'E_BROKER_REFUSED'],
    [new Error('Handshake terminated by server: 403 (ACCESS-REFUSED) with message "…"'), 'E_BROKER_REFUSED'],
    [new Error('Connection closed: 530 (NOT-ALLOWED) with message "vhost x not found"'), 'E_BROKER_REFUSED'],
    [Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }), 'E_BROKER_UNREACHABLE'],
    [new Error('connect ETIMEDOUT'), 'E_BROKER_UNREACHABLE'],
    ['?', 'E_BROKER_UNREACHABLE'],
  ]
  for (const [cause, code] of CASES) {
    it(`calls ${String(cause)} ${code}`, () => {
      expect(brokerError('amqp://h:1/', KEY, cause)).to.include({ code })
    })
  }
})
