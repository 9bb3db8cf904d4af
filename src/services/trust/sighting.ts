import type { MemberIndex } from '../../types/ids.ts'
import { LEVEL_MAX } from './codec.ts'
import type { Sighting } from './codec.ts'

/** Phi, ‰, from which on silence speaks against a peer, and at which it costs everything: those of a suspect and a crash. */
const PHI_FROM = 1000
const PHI_TO = 2000

/**
 * What a node says of a peer that it watches: full trust less the part of its pings that got no answer, or less for a silence
 * that a living peer would hardly keep, whichever costs more.
 *
 * @param phi ‰
 * @param loss ‰; null: not measured yet
 */
export function sightingOf(member: MemberIndex, phi: number, loss: number | null): Sighting {
  const silence = Math.floor((LEVEL_MAX * Math.max(0, phi - PHI_FROM)) / (PHI_TO - PHI_FROM))
  const cost = Math.min(LEVEL_MAX, Math.max(silence, loss ?? 0))
  return { member, score: LEVEL_MAX - cost, cause: cost > 0 ? 'silent' : 'none' }
}
