import type { InstanceRow } from '../services/placement/codec.ts'
import { NO_SEAT } from '../services/placement/codec.ts'
import type { Agreed } from '../services/services.ts'
import type { MemberIndex } from '../types/ids.ts'
import type { Assignment } from './kind.ts'

/** The copies that a decided state gives to a member, by service. Those that it has given up on are not among them. */
export function assignmentsOf(state: Agreed, self: MemberIndex): Assignment[] {
  const { header, placement, replication, deadlock } = state
  const keys = header.seats.map(({ key }) => key)
  const own = keys[self]
  if (own === undefined) return []
  const isLive = ({ phase }: InstanceRow): boolean => phase !== 'failed'
  return placement.services.flatMap((spec): Assignment[] => {
    const copies = placement.instances.filter((row) => row.service === spec.service && isLive(row))
    if (!copies.some(({ member }) => member === self)) return []
    return [
      {
        ...{ spec, keys, copies, self: own },
        height: header.heights,
        agreedMs: header.agreedMs,
        victims: deadlock.victims.map(({ tx }) => tx),
        primary: spec.primary === NO_SEAT ? null : (keys[spec.primary] ?? null),
        group: replication.groups.find(({ service }) => service === spec.service) ?? null,
      },
    ]
  })
}
