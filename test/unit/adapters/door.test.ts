import { multiaddr } from '@multiformats/multiaddr'
import { expect } from 'chai'
import fc from 'fast-check'
import { Door, HOSTS_MAX, KNOCKS, WAITING_MAX } from '../../../src/adapters/libp2p/door.ts'
import { hostOf, THIS_MACHINE } from '../../../src/adapters/libp2p/host.ts'
import type { Clock } from '../../../src/ports/clock.ts'

const MEMBER = '192.0.2.7'

describe('D1: the door', () => {
  let clock: Clock & { ms: number }
  let crowded: number
  let door: Door
  /** Connections that were cut to make room, in order. */
  let cuts: string[]

  beforeEach(() => {
    clock = { ms: 0, nowMs: () => clock.ms, every: () => () => undefined, after: () => () => undefined }
    crowded = 0
    cuts = []
    door = new Door({
      clock,
      isMembers: (host) => host === MEMBER,
      onCrowd: () => {
        crowded += 1
      },
    })
  })

  const knock = (host: string, id: string): boolean => door.enter(host, id, () => cuts.push(id))
  /** As many as the host gets at once, which all stay. */
  const fill = (host: string, count: number): number =>
    Array.from({ length: count }, (_, at) => knock(host, `${host}#${at}`)).filter(Boolean).length
  const strangers = (count: number): string[] => Array.from({ length: count }, (_, at) => `198.51.100.${at}`)

  it('one host gets its burst, then its rate; another is not concerned', () => {
    expect(fill('198.51.100.1', 1_000)).to.equal(KNOCKS.host.burst)
    expect(crowded).to.equal(1_000 - KNOCKS.host.burst)
    expect(knock('198.51.100.2', 'other')).to.equal(true)
    clock.ms += 1_000
    expect(fill('198.51.100.1', 1_000)).to.equal(KNOCKS.host.perSecond)
  })

  it('a member’s host and this machine have a share of their own, however many others knock', () => {
    for (const host of strangers(250)) fill(host, 10)
    expect(knock('203.0.113.1', 'a newcomer')).to.equal(false)
    expect(fill(MEMBER, KNOCKS.member.burst)).to.equal(KNOCKS.member.burst)
    expect(fill(THIS_MACHINE, KNOCKS.member.burst)).to.equal(KNOCKS.member.burst)
    expect(cuts.some((id) => id.startsWith(MEMBER) || id.startsWith(THIS_MACHINE))).to.equal(false)
  })

  it('when all places are taken the oldest of the largest crowd makes room', () => {
    const [first, ...others] = strangers(9) as [string, ...string[]]
    knock('203.0.113.1', 'honest')
    for (const host of [first, ...others]) fill(host, KNOCKS.host.burst)
    expect(door.waiting).to.equal(WAITING_MAX)
    expect(cuts[0]).to.equal(`${first}#0`)
    expect(cuts).to.not.include('honest')
    expect(crowded).to.equal(cuts.length)
  })

  it('members lose a place to members alone', () => {
    for (const host of strangers(4)) fill(host, KNOCKS.host.burst)
    fill(MEMBER, 64)
    fill(THIS_MACHINE, 64)
    expect(cuts).to.have.length(64)
    expect(cuts.every((id) => id.startsWith('198.51.100.'))).to.equal(true)
    clock.ms += 1_000
    expect(knock(MEMBER, 'newest')).to.equal(true)
    expect(cuts[64]).to.equal(`${MEMBER}#0`)
  })

  it('who has left does not count, and leaves once', () => {
    knock(MEMBER, 'a')
    door.leave(MEMBER, 'a')
    door.leave(MEMBER, 'a')
    door.leave('nobody', 'a')
    expect(door.waiting).to.equal(0)
  })

  it('more hosts than it remembers: the oldest starts anew, and all stays bounded', () => {
    fill('198.51.100.1', KNOCKS.host.burst)
    for (let at = 0; at < HOSTS_MAX; at += 1) {
      clock.ms += 10
      knock(`10.0.${at >> 8}.${at & 255}`, 'once')
    }
    expect(knock('198.51.100.1', 'again')).to.equal(true)
    expect(door.waiting).to.equal(WAITING_MAX)
  })

  it('never more than the places there are, whatever comes and goes', () => {
    const steps = fc.array(
      fc.record({
        host: fc.nat(20).map((at) => [MEMBER, THIS_MACHINE][at] ?? `h${at}`),
        id: fc.nat(400).map(String),
        stays: fc.boolean(),
        pauseMs: fc.nat(50),
      }),
      { maxLength: 800 },
    )
    fc.assert(
      fc.property(steps, (all) => {
        clock.ms += 1_000_000
        const waiting = new Set<string>()
        const fresh = new Door({ clock, isMembers: (host) => host === MEMBER, onCrowd: () => undefined })
        for (const { host, id, stays, pauseMs } of all) {
          clock.ms += pauseMs
          const name = `${host} ${id}`
          if (!stays || waiting.has(name)) {
            fresh.leave(host, name)
            waiting.delete(name)
          } else if (fresh.enter(host, name, () => waiting.delete(name))) {
            waiting.add(name)
          }
          expect(fresh.waiting).to.equal(waiting.size)
          expect(fresh.waiting).to.be.at.most(WAITING_MAX)
        }
      }),
    )
  })
})

describe('hostOf', () => {
  for (const [address, host] of [
    ['/ip4/192.0.2.1/tcp/1', '192.0.2.1'],
    ['/ip4/127.0.0.1/tcp/1', THIS_MACHINE],
    ['/ip6/::1/tcp/1', THIS_MACHINE],
    ['/ip6/::ffff:192.0.2.1/tcp/1', '192.0.2.1'],
    ['/ip6/2001:db8:1:2:3:4:5:6/tcp/1', '20010db800010002'],
    ['/ip6/2001:db8:1:2::9/tcp/4001', '20010db800010002'],
    ['/ip6/2001:db8:1:3::9/tcp/4001', '20010db800010003'],
    ['/dns4/example.org/tcp/1', null],
  ] as const) {
    it(`${address} is ${host}`, () => {
      expect(hostOf(multiaddr(address))).to.equal(host)
    })
  }
})
