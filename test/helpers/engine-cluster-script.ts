import { invariant } from '../../src/types/errors.ts'
import type { ProtocolObject } from '../../src/types/objects.ts'
import type { Delivery } from './engine-cluster.ts'
import { EngineCluster, reduceByHash } from './engine-cluster.ts'
import type { LiarName } from './engine-cluster-liars.ts'
import { LIARS } from './engine-cluster-liars.ts'
import { Trace } from './engine-cluster-trace.ts'

/**
 * A story's script, one command a line, `#` begins a comment:
 *
 *   members 4 [weights 1 2 2 1]      heights 2
 *   at 0 start 0 1 2 3               at 5 stop 3          at 9 restart 3
 *   lose 3>* status 1                frames of 3 with its STATUS of height 1; with a round: `share 1/0`; `any` for all
 *   delay 3>0 share 1/0 by 7         arrive after 7 ticks instead of 1
 *   lose 3>* any until 40            only frames sent before tick 40
 *   liar 3 twoFacedStatus            a member that lies, by strategy (engine-cluster-liars.ts)
 *   expire 2 3                       the reducer of member 2 does not answer in time at height 3
 *   poison 3 2                       no list of height 2 that holds the input of member 3 has a state
 *   at 30 close 3                    asks to leave            at 12 read 0 1 2     one more ledger event is final for them
 *   ondemand 6                       heights open on demand, 6 ticks after the last at the soonest; at 9 wish 2
 *   profile paper                    instead of bft, with the popular vote
 *   run 100                          the story's length in ticks
 */
export function runScript(script: string): string {
  const commands = script
    .split('\n')
    .map((line) => line.replace(/#.*/, '').trim())
    .filter((line) => line !== '')
    .map((line) => line.split(/\s+/))
  const of = (name: string): string[][] => commands.filter(([word]) => word === name)
  const numberOf = (name: string, otherwise: number): number => Number(of(name)[0]?.[1] ?? otherwise)
  const rules = [...of('lose'), ...of('delay')].map(ruleOf)
  const trace = new Trace()
  const world = new EngineCluster({
    n: numberOf('members', 4),
    weights: of('members')[0]?.slice(3).map(Number) ?? [],
    heights: numberOf('heights', 1),
    epochHeights: numberOf('epoch', 100),
    config: {
      ...(of('profile')[0]?.[1] === 'paper'
        ? { profile: { kind: 'paper', selection: 'popular' } as const }
        : {}),
      ...(of('ondemand').length === 0 ? {} : { minHeightTicks: numberOf('ondemand', 0) }),
    },
    fate: (delivery, now) => rules.find((rule) => rule.matches(delivery, now))?.arrivals ?? [1],
    liars: new Map(of('liar').map(([, member, name]) => [Number(member), LIARS[name as LiarName]])),
    expires: (member, height) =>
      of('expire').some(([, m, h]) => Number(m) === member && Number(h) === height),
    reduce: (inputs, own, { height }) => {
      const isPoisoned = of('poison').some(
        ([, m, h]) => Number(h) === height && inputs.some(({ member }) => member === Number(m)),
      )
      return isPoisoned ? null : reduceByHash(inputs, own)
    },
    onEffect: (tick, member, effect) => trace.see(tick, member, effect),
  })
  const timed = of('at')
  for (const { index } of world.cluster.members) world.silent.add(index)
  for (let tick = 0; tick <= numberOf('run', 100); tick += 1) {
    if (tick > 0) world.tick()
    for (const [, at, verb, ...members] of timed) {
      if (Number(at) !== tick) continue
      trace.tell(tick, [verb, ...members].join(' '))
      for (const member of members.map(Number)) act(world, verb ?? '', member)
    }
  }
  return trace.toString()
}

function act(world: EngineCluster, verb: string, member: number): void {
  switch (verb) {
    case 'start':
      world.silent.delete(member)
      world.start([member])
      break
    case 'stop':
      world.silent.add(member)
      break
    case 'close':
      world.input(member, { kind: 'close' })
      break
    case 'wish':
      world.input(member, { kind: 'wish' })
      break
    case 'read':
      world.read(member)
      break
    case 'restart':
      world.restart(member)
      break
    default:
      invariant(false, `no such action: ${verb}`)
  }
}

interface Rule {
  readonly arrivals: readonly number[]
  readonly matches: (delivery: Delivery, now: number) => boolean
}

function ruleOf(words: readonly string[]): Rule {
  const [verb, link = '', type = '', ...rest] = words
  const [from, to] = link.split('>')
  const [height, round] = (/^\d/.test(rest[0] ?? '') ? (rest[0] ?? '') : '').split('/')
  const after = (word: string): string | undefined => rest[rest.indexOf(word) + 1]
  const until = rest.includes('until') ? Number(after('until')) : Infinity
  const isMeant = (object: ProtocolObject): boolean =>
    object.type === type &&
    (height === undefined || height === '' || ('height' in object && object.height === Number(height))) &&
    (round === undefined || ('round' in object && object.round === Number(round)))
  return {
    arrivals: verb === 'delay' ? [Number(after('by'))] : [],
    matches: (delivery, now) =>
      now < until &&
      (from === '*' || delivery.from === Number(from)) &&
      (to === '*' || delivery.to === Number(to)) &&
      (type === 'any' ||
        delivery.parts.some((part) => part.kind === 'object' && isMeant(part.signed.object))),
  }
}
