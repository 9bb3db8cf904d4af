import { shareValue } from '../../src/codec/objects.ts'
import type { Digest } from '../../src/types/ids.ts'
import { NIL } from '../../src/types/ids.ts'
import type { ProtocolObject, Signed } from '../../src/types/objects.ts'
import type { World } from './world.ts'

/** A vote for something outside the model: whoever signs it has left what is explored. */
export const UNKNOWN = '?'

/** Short names of objects and values, the same for every signer. */
export interface Names {
  readonly ofValue: (value: Digest) => string
  readonly ofRoot: (inputsRoot: Digest) => string
  readonly ofObject: (signed: Signed) => string
}

export function makeNames(world: World): Names {
  const values = new Map<Digest, string>([[NIL, '-']])
  const roots = new Map<Digest, string>()
  const states = new Map<Digest, string>()
  const known = new WeakMap<ProtocolObject, string>()
  for (const { name, digest, content } of world.values) {
    values.set(digest, name)
    roots.set(content.inputsRoot, name)
  }
  const lies = world.statuses.filter(({ member }) => member === world.scope.liar)
  for (const signed of world.statuses) {
    states.set(signed.object.stateHash, ['a', 'b'][lies.indexOf(signed)] ?? '')
  }
  const ofValue = (value: Digest): string => values.get(value) ?? UNKNOWN
  const ofRoot = (root: Digest): string => roots.get(root) ?? UNKNOWN
  const name = (object: ProtocolObject): string => {
    switch (object.type) {
      case 'status':
        return `st${states.get(object.stateHash) ?? UNKNOWN}`
      case 'share':
        return `s${object.round}${ofValue(shareValue(object))}${object.validRound < 0 ? '' : '↑'}`
      case 'confirm':
        return `c${object.round}${ofValue(object.value)}`
      case 'hello':
        return `h${object.round}${object.value === NIL ? ofRoot(object.inputsRoot) : `${ofValue(object.value)}↑`}`
      case 'checkpoint':
      case 'close':
        return UNKNOWN
    }
  }
  const ofObject = ({ object }: Signed): string => {
    const named = known.get(object) ?? name(object)
    known.set(object, named)
    return named
  }
  return { ofValue, ofRoot, ofObject }
}
