import { expect } from 'chai'
import { createLogger } from '../../../src/adapters/system/logger.ts'
import type { LogLevel } from '../../../src/adapters/system/logger.ts'
import { maskUrls } from '../../../src/adapters/system/redact.ts'
import type { Logger } from '../../../src/ports/logger.ts'
import { RsdpError } from '../../../src/types/errors.ts'
import { EXIT } from '../../../src/types/exit-codes.ts'

describe('logger', () => {
  let lines: string[]
  const create = (level?: LogLevel): Logger => createLogger({ write: (line) => lines.push(line) }, level)
  /** The one line written for these facts. */
  const written = (facts: Record<string, unknown>): Record<string, unknown> => {
    create().info('some.event', facts)
    expect(lines).to.have.length(1)
    return JSON.parse(lines.pop() ?? '') as Record<string, unknown>
  }
  const secretKey = `0x${'5e'.repeat(32)}`

  beforeEach(() => {
    lines = []
  })

  it('writes one JSON object per line, with level, time and event', () => {
    const logger = create()
    logger.info('phase.enter', { phase: 'SHARE', height: 7 })
    logger.warn('peer.lost')
    logger.error('store.failed', { path: '/data\nx' })
    expect(lines.every((line) => line.indexOf('\n') === line.length - 1)).to.equal(true)
    const objects = lines.map((line) => JSON.parse(line) as Record<string, unknown>)
    expect(objects.map(({ level }) => level)).to.deep.equal(['info', 'warn', 'error'])
    expect(objects[0]).to.include({ event: 'phase.enter', phase: 'SHARE', height: 7 })
    expect(objects[0]?.['time']).to.match(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
    expect(Object.keys(objects[1] ?? {})).to.have.members(['level', 'time', 'event'])
  })

  it('writes nothing below its level', () => {
    const logger = create('warn')
    logger.info('a')
    logger.warn('b')
    logger.error('c')
    expect(lines).to.have.length(2)
  })

  it('does not let facts take the place of level, time and event', () => {
    const line = written({ event: 'other', level: 'fatal', time: 0 })
    expect(line).to.include({
      event: 'some.event',
      level: 'info',
      event_: 'other',
      level_: 'fatal',
      time_: 0,
    })
    create().info('x', { event: 'y', level: 'z' })
    expect(lines[0]?.match(/"(event|level)":/g)).to.have.length(2)
  })

  it('hides values under secret names, at any depth', () => {
    const facts = {
      privateKey: secretKey,
      password: 'hunter2',
      rpc: { apiKey: 'abcdef', headers: { Authorization: 'Bearer abc' }, deep: [{ mnemonic: 'test junk' }] },
      SECRET_SAUCE: 7_654_321_987,
    }
    const text = JSON.stringify(written(facts))
    expect(text).to.not.match(/5e5e|hunter2|abcdef|Bearer|junk|7654321987/)
    expect(text.match(/\*\*\*/g)).to.have.length(6)
  })

  it('hides 32 bytes called a key, and shows addresses and digests', () => {
    const address = `0x${'a1'.repeat(20)}`
    const line = written({ key: secretKey, signingKey: secretKey.slice(2), stateHash: secretKey })
    expect(line).to.include({ key: '***', signingKey: '***', stateHash: secretKey })
    expect(written({ key: address })).to.include({ key: address })
  })

  const urls: Record<string, string> = {
    'https://rpc.example': 'https://rpc.example',
    'http://127.0.0.1:8545/': 'http://127.0.0.1:8545/',
    'https://user:pass@rpc.example:8443': 'https://***@rpc.example:8443',
    'https://token@rpc.example/a': 'https://***@rpc.example/***',
    'wss://mainnet.example/v3/0123456789abcdef': 'wss://mainnet.example/***',
    'https://rpc.example?key=abc#x': 'https://rpc.example/***',
    'https://user:pa/ss@rpc.example': 'https://user/***',
    'amqp://guest:guest@[::1]:5672/vhost': 'amqp://***@[::1]:5672/***',
    'cannot reach HTTPS://a:b@x.y/z, then http://q/': 'cannot reach HTTPS://***@x.y/*** then http://q/',
    '/ip4/127.0.0.1/tcp/4001': '/ip4/127.0.0.1/tcp/4001',
  }
  for (const [url, masked] of Object.entries(urls)) {
    it(`masks ${url}`, () => {
      expect(maskUrls(url)).to.equal(masked)
      expect(written({ where: url, nested: [url] })).to.deep.include({ where: masked, nested: [masked] })
    })
  }

  it('writes errors with code or stack, and without what their messages reveal', () => {
    const cause = Object.assign(new TypeError('fetch https://u:p@h/secret failed'), { argument: 'hunter2' })
    const info = { code: 'E_RPC', message: 'no answer', hint: 'see https://u:p@h/x', exit: EXIT.unreachable }
    const line = written({ error: new RsdpError({ ...info, code: 'E_RPC', cause }) })
    expect(line['error']).to.deep.include({
      code: 'E_RPC',
      message: 'no answer',
      hint: 'see https://***@h/***',
    })
    const text = JSON.stringify(line)
    expect(text).to.include('TypeError').and.include('system-logger.test.ts')
    expect(text).to.not.match(/u:p|secret|hunter2/)
  })

  it('copes with whatever facts hold', () => {
    const cycle: Record<string, unknown> = {}
    cycle['self'] = cycle
    const line = written({
      big: 2n ** 64n,
      bytes: new Uint8Array(64),
      map: new Map([['a', 1]]),
      set: new Set([1, 2]),
      many: Array.from({ length: 150 }, (_, at) => at),
      date: new Date(0),
      nothing: null,
      call: () => 1,
      cycle,
    })
    expect(line).to.deep.include({
      big: '18446744073709551616',
      bytes: '<64 bytes>',
      map: { a: 1 },
      set: [1, 2],
      date: '1970-01-01T00:00:00.000Z',
      nothing: null,
      call: '<function>',
    })
    expect(line['many']).to.have.length(101)
  })
})
