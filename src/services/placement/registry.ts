import type { Input } from '../../reducers/reducer.ts'
import type { LedgerEvent } from '../../types/ledger.ts'
import { U16_MAX } from '../fields.ts'
import { NO_SEAT, SERVICES_MAX } from './codec.ts'
import type {
  HostRow,
  InstanceRow,
  PlacementObservation,
  PlacementState,
  Report,
  ServiceRow,
} from './codec.ts'
import { orderIn } from './spec.ts'

/**
 * The services after the orders of the ledger. A new one beyond the table's end is refused and counted: no running service
 * makes room for it. An order for a service that is there changes its spec and nothing else.
 */
export function withOrders(
  state: PlacementState,
  news: readonly LedgerEvent[],
): Pick<PlacementState, 'services' | 'instances' | 'refused'> {
  const services = new Map(state.services.map((row) => [row.service, row]))
  let { refused } = state
  for (const event of news) {
    const order = orderIn(event)
    if (order === null) continue
    if (order.order === 'remove') {
      services.delete(order.service)
      continue
    }
    const { spec } = order
    const known = services.get(spec.service)
    if (known === undefined && services.size >= SERVICES_MAX) {
      refused = Math.min(U16_MAX, refused + 1)
      continue
    }
    const waiting: ServiceRow = { ...spec, wanted: spec.copiesMin, standing: 'full', primary: NO_SEAT }
    services.set(spec.service, known === undefined ? waiting : { ...known, ...spec })
  }
  return {
    services: [...services.values()].sort((a, b) => a.service - b.service),
    instances: state.instances.filter(({ service }) => services.has(service)),
    refused,
  }
}

/** Hosts with the last word of each about where it stands. */
export function withPlaces(
  rows: readonly HostRow[],
  said: readonly Input<PlacementObservation>[],
): readonly HostRow[] {
  const places = new Map(rows.map((row) => [row.member, row]))
  for (const { member, state } of said) places.set(member, { member, tier: state.tier, region: state.region })
  return [...places.values()].sort((a, b) => a.member - b.member)
}

/**
 * Copies with what their hosts say of them. A host that says nothing changes nothing; a host that speaks, but not of a copy
 * that had failed there, has forgotten the failure: the row goes.
 */
export function withReports(
  rows: readonly InstanceRow[],
  said: readonly Input<PlacementObservation>[],
): InstanceRow[] {
  const reports = new Map(
    said.map(({ member, state }) => [member, new Map(state.reports.map((one) => [one.service, one]))]),
  )
  return rows.flatMap((row): InstanceRow[] => {
    const ofHost = reports.get(row.member)
    if (ofHost === undefined) return [row]
    const report = ofHost.get(row.service)
    if (row.phase === 'failed' && report?.report !== 'failed') return []
    return [report === undefined ? row : reported(row, report)]
  })
}

function reported(row: InstanceRow, { report, load }: Report): InstanceRow {
  if (report === 'failed') return { ...row, phase: 'failed', load: 0, target: NO_SEAT }
  return { ...row, load, phase: row.phase === 'starting' ? 'running' : row.phase }
}
