import { convictingObject } from '../../src/codec/evidence.ts'
import { membersOf } from '../../src/codec/bitmap.ts'
import { shareValue } from '../../src/codec/objects.ts'
import type { EngineEffect } from '../../src/protocol/io.ts'
import type { Validity } from '../../src/protocol/validity.ts'
import type { Part } from '../../src/types/frames.ts'
import type { Evidence } from '../../src/types/evidence.ts'
import type { Digest, MemberIndex } from '../../src/types/ids.ts'
import { NIL } from '../../src/types/ids.ts'
import type { LogEntry } from '../../src/types/log.ts'
import type { ProtocolObject } from '../../src/types/objects.ts'

interface Line {
  readonly tick: number
  readonly members: MemberIndex[]
  readonly text: string
}

/** The story of a cluster as text: what each member logs, signs, decides, asks and serves, tick by tick. */
export class Trace {
  readonly #events: { readonly tick: number; readonly member: MemberIndex; readonly text: string }[] = []
  readonly #names = new Map<Digest, string>()
  /** Members whose next broadcast is the object they have just recorded. */
  readonly #announcing = new Set<MemberIndex>()

  /** To be called before the effect is carried out. */
  see(tick: number, member: MemberIndex, effect: EngineEffect): void {
    const text = this.#describe(member, effect)
    if (text !== null) this.#events.push({ tick, member, text })
  }

  /** What the story's author did. */
  tell(tick: number, text: string): void {
    this.#events.push({ tick, member: -1, text: `* ${text}` })
  }

  /** One line per tick and text; members that did the same at the same tick share it. */
  toString(): string {
    const lines: Line[] = []
    for (const { tick, member, text } of this.#events) {
      const same = lines.find(
        (line) => line.tick === tick && line.text === text && !line.members.includes(member),
      )
      if (same === undefined) lines.push({ tick, members: [member], text })
      else same.members.push(member)
    }
    return lines
      .map(({ tick, members, text }) => {
        const who = members[0] === -1 ? '' : members.toSorted((a, b) => a - b).join('')
        return `${String(tick).padStart(4)}  ${who.padEnd(7)}  ${text}\n`
      })
      .join('')
  }

  #describe(member: MemberIndex, effect: EngineEffect): string | null {
    switch (effect.kind) {
      case 'record':
        this.#announcing.add(member)
        return [this.#entries(effect.entries), this.#object(effect.object)]
          .filter((part) => part !== '')
          .join('  ')
      case 'append':
        return this.#entries(effect.entries)
      case 'broadcast':
        if (isPassedOn(member, effect.parts)) return `passes both on`
        if (this.#announcing.delete(member)) return null
        return `again: ${this.#parts(effect.parts)}`
      case 'send':
        return `→ ${effect.to}: ${this.#parts(effect.parts)}`
      case 'serveHeights':
        return `→ ${effect.to}: heights from ${effect.fromHeight}`
      case 'decided': {
        const { value, round, decided, globallyValid } = effect
        const list = membersOf(decided.share.object.inputs).join('')
        const own = globallyValid ? '' : ', not its own'
        return `decided ${decided.height} in round ${round}: ${this.#name(value)} of ${list}${own}`
      }
      case 'settled':
        return `settled ${effect.height}: ${this.#name(effect.stateHash)} of ${membersOf(effect.heard).join('')}`
      case 'measured':
        return `validity of ${effect.height}: shared ${validity(effect.transitional)}, confirmed ${validity(effect.operational)}`
      case 'certified':
        return `checkpoint ${effect.checkpoint.height} signed by ${[...effect.checkpoint.signed.keys()].toSorted().join('')}`
      case 'otherHistory':
        return `CHECKPOINT of ${effect.checkpoint.member} over another history`
      case 'evidence':
        return told(effect.evidence)
      case 'observe':
      case 'aggregate':
      case 'serveBodies':
      case 'ignored':
        return null
    }
  }

  #entries(entries: readonly LogEntry[]): string {
    return entries
      .map(({ event, height, round, value }) => `${event} ${height}/${round} ${this.#name(value)}`)
      .join('  ')
  }

  #object(object: ProtocolObject): string {
    switch (object.type) {
      case 'share': {
        const value = shareValue(object)
        const again = object.validRound < 0 ? '' : ` valid since ${object.validRound}`
        return `SHARE ${this.#name(value)}${value === NIL ? '' : ` of ${membersOf(object.inputs).join('')}`}${again}`
      }
      case 'confirm':
        return `CONFIRM ${this.#name(object.value)}`
      case 'hello':
        return object.value === NIL
          ? `HELLO ${object.height}/${object.round} list ${membersOf(object.inputs).join('')}`
          : `HELLO ${object.height}/${object.round} again ${this.#name(object.value)} valid since ${object.validRound}`
      case 'checkpoint':
        return `CHECKPOINT ${object.height} at entry ${object.logSeq}`
      case 'status':
      case 'close':
        return object.type.toUpperCase()
    }
  }

  #parts(parts: readonly Part[]): string {
    const words = parts.flatMap((part) => {
      switch (part.kind) {
        case 'object':
          return [part.signed.object.type.toUpperCase()]
        case 'get':
          return [`get ${part.hashes.length}`]
        case 'sync':
          return [`sync from ${part.fromHeight}`]
        case 'roundCertificate':
          return [`certificate of round ${part.certificate.round}`]
        case 'ask':
        case 'body':
        case 'seen':
        case 'notes':
        case 'own':
        case 'at':
        case 'decided':
          return []
      }
    })
    return [...new Set(words)].join(' ') || 'bodies'
  }

  /** NIL, or A, B, … in the order in which values turn up. */
  #name(value: Digest): string {
    if (value === NIL) return 'NIL'
    const known = this.#names.get(value)
    if (known !== undefined) return known
    const name = String.fromCharCode('A'.charCodeAt(0) + this.#names.size)
    this.#names.set(value, name)
    return name
  }
}

/** Two objects of another member, and nothing else. */
function isPassedOn(member: MemberIndex, parts: readonly Part[]): boolean {
  const [first, second] = parts.map((part) => (part.kind === 'object' ? part.signed.member : member))
  return parts.length === 2 && first !== member && first === second
}

function told(evidence: Evidence): string {
  const { object, member } = convictingObject(evidence)
  const type = object.type.toUpperCase()
  return evidence.kind === 'E1'
    ? `evidence: two ${type} of ${member}`
    : `evidence: ${evidence.kind} by ${type} of ${member}`
}

/** Magnitude/entropy/concentration. */
function validity(measured: Validity | null): string {
  if (measured === null) return '–'
  const { compared, magnitude, entropy, concentration } = measured
  const figures = [magnitude, entropy, concentration].map((figure) =>
    String(Math.round(figure * 1000) / 1000),
  )
  return `${figures.join('/')} (n=${compared})`
}
