import { reliability } from '../../services/health/history.ts'
import { NO_SEAT } from '../../services/placement/codec.ts'
import { U16_MAX } from '../../services/fields.ts'
import type { Agreed } from '../../services/services.ts'
import { toFile } from './service-file.ts'
import { table } from '../output.ts'

/** A decided state in the words of people. */
export function summaryOf(state: Agreed) {
  const { header, metrics, health, placement, replication } = state
  const seatOrNone = (seat: number): number | null => (seat === NO_SEAT ? null : seat)
  const members = header.seats.map(({ member, key }) => {
    const row = metrics.rows.find((one) => one.member === member)
    const life = health.rows.find((one) => one.member === member)
    const measured = (value: number | undefined): number | null =>
      value === undefined || value === U16_MAX ? null : value
    const latency = measured(row?.latency)
    const loss = measured(row?.loss)
    return {
      ...{ member, key, verdict: life?.verdict ?? 'up' },
      tier: placement.hosts.find((one) => one.member === member)?.tier ?? 'any',
      cores: (row?.capacity.cpu ?? 0) / 100,
      coresUsed: (row?.cpu ?? 0) / 1000,
      memoryGb: (row?.capacity.memory ?? 0) / 100,
      memoryUsedGb: (row?.memory ?? 0) / 100,
      transactionsPerSecond: row?.transactions ?? 0,
      latencyMs: latency === null ? null : latency / 10,
      loss: loss === null ? null : loss / 1000,
      ...(life === undefined ? {} : reliability(life, header.agreedMs)),
    }
  })
  const services = placement.services.map((row) => {
    const { wanted, standing, primary, ...spec } = row
    const group = replication.groups.find(({ service }) => service === row.service)
    const copies = placement.instances
      .filter(({ service }) => service === row.service)
      .map(({ member, phase, load, target }) => ({ member, phase, load, target: seatOrNone(target) }))
    return {
      ...toFile({ spec, terms: null }),
      ...{ wanted, standing, copiesNow: copies },
      primary: seatOrNone(primary),
      group:
        group === undefined
          ? null
          : {
              ...{ stage: group.stage, mode: group.mode, consistency: group.consistency },
              primary: seatOrNone(group.primary),
              token: String(group.token),
              leaseEndMs: group.leaseEndMs,
            },
    }
  })
  return { agreedMs: header.agreedMs, heights: header.heights, moves: placement.moveCount, members, services }
}

export function summaryText(summary: ReturnType<typeof summaryOf>): string {
  const shown = (value: number | null, unit: string): string => (value === null ? '-' : `${value}${unit}`)
  return [
    `heights ${summary.heights}  agreed time ${new Date(summary.agreedMs).toISOString()}  moves ${summary.moves}`,
    '',
    table(
      ['member', 'key', 'tier', 'verdict', 'cores', 'memory', 'tx/s', 'latency', 'loss'],
      summary.members.map((one) => [
        ...[one.member, `${one.key.slice(0, 10)}…`, one.tier, one.verdict],
        `${Math.round(100 * one.coresUsed)} % of ${one.cores}`,
        `${one.memoryUsedGb} of ${one.memoryGb} GB`,
        ...[one.transactionsPerSecond, shown(one.latencyMs, ' ms'), shown(one.loss, '')],
      ]),
    ),
    '',
    table(
      ['service', 'kind', 'standing', 'primary', 'copies'],
      summary.services.map(({ service, kind, standing, primary, copiesNow, group }) => [
        ...[service, kind, standing, shown(group?.primary ?? primary, '')],
        copiesNow.map(({ member, phase }) => `${member} ${phase}`).join(', '),
      ]),
    ),
  ].join('\n')
}
