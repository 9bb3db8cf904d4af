import type { MetricSpecs } from '../../ports/metrics.ts'
import { EVENT_NUMBERS, STATUS_NUMBERS } from '../../types/log.ts'
import { TASK_STATUSES } from '../../types/task.ts'

const OTHER = 'other'

/** Kinds of evidence, by their short names (docs/decisions.md, section 8). */
const OFFENCES = ['E1', 'E1b', 'E2', 'E3', 'E4', 'E5', 'E6', OTHER] as const
/** Reasons for which a transport cuts a peer off. */
const REFUSALS = [
  ...[
    'stranger',
    'oversized',
    'malformed',
    'late',
    'flood',
    'streams',
    'stalled',
    'crowd',
    'forged',
    'replay',
  ],
  ...['unopened', OTHER],
] as const

/** What a node serves at `GET /metrics`, besides `PROCESS_METRICS`. */
export const NODE_METRICS = {
  rsdp_build_info: {
    kind: 'gauge',
    help: 'Always 1; the labels say what runs',
    labels: { version: [], node: [] },
  },
  rsdp_node_ready: {
    kind: 'gauge',
    help: '1 if the chain is read and the tasks that run are decided, else 0',
  },
  rsdp_tasks: {
    kind: 'gauge',
    help: 'Tasks that this node takes part in, by the phase that it is in',
    labels: { phase: [...Object.keys(STATUS_NUMBERS), OTHER] },
  },
  rsdp_tasks_finished_total: {
    kind: 'counter',
    help: 'Tasks of this node that have ended, by the status that the board gives',
    labels: { status: [...TASK_STATUSES, OTHER] },
  },
  rsdp_tasks_frozen: { kind: 'gauge', help: 'Tasks in which this node votes NIL until somebody looks' },
  rsdp_heights_decided_total: { kind: 'counter', help: 'Heights decided' },
  rsdp_heights_unanchored: {
    kind: 'gauge',
    help: 'Most heights of a task that are decided and in no checkpoint yet',
  },
  rsdp_transitions_total: {
    kind: 'counter',
    help: 'Transitions of the phase log, as the paper numbers them',
    labels: { transition: Object.keys(EVENT_NUMBERS) },
  },
  rsdp_phase_duration_seconds: {
    kind: 'histogram',
    help: 'Time that this node was in a phase',
    labels: { phase: [...Object.keys(STATUS_NUMBERS), OTHER] },
    buckets: [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
  },
  rsdp_validity_ratio: {
    kind: 'gauge',
    help: 'Share of the members that voted alike at the last height: SHARE is transitional, CONFIRM operational',
    labels: { kind: ['transitional', 'operational'] },
  },
  rsdp_messages_total: {
    kind: 'counter',
    help: 'Frames: sent, dropped because a peer was absent or slow, received',
    labels: { direction: ['in', 'out'], result: ['ok', 'dropped'] },
  },
  rsdp_message_bytes_total: {
    kind: 'counter',
    help: 'Bytes of frames',
    labels: { direction: ['in', 'out'] },
  },
  rsdp_peers: {
    kind: 'gauge',
    help: 'Members of the own clusters but this node',
    labels: { state: ['known', 'connected'] },
  },
  rsdp_peers_refused_total: {
    kind: 'counter',
    help: 'Peers cut off, by the reason',
    labels: { reason: REFUSALS },
  },
  rsdp_peer_dial_failures_total: { kind: 'counter', help: 'Times that a peer was found to be out of reach' },
  rsdp_anchor_outbox_length: { kind: 'gauge', help: 'Transactions that are due and not sent' },
  rsdp_anchor_transactions_total: {
    kind: 'counter',
    help: 'Transactions of this node, by what they do and what became of them',
    labels: { kind: ['checkpoint', 'finalize', 'republish', OTHER], result: ['mined', 'refused'] },
  },
  rsdp_chain_reachable: { kind: 'gauge', help: '1 if the last look at the chain succeeded, else 0' },
  rsdp_chain_head_block: { kind: 'gauge', help: 'The newest block that was seen' },
  rsdp_chain_cursor_lag_blocks: {
    kind: 'gauge',
    help: 'Blocks that are deep enough to be read and are not read yet',
  },
  rsdp_rpc_errors_total: { kind: 'counter', help: 'Times that something was wrong with an RPC endpoint' },
  rsdp_rpc_endpoints: {
    kind: 'gauge',
    help: 'RPC endpoints, by whether anything is wrong with them',
    labels: { state: ['well', 'troubled'] },
  },
  rsdp_wallet_balance_eth: {
    kind: 'gauge',
    help: 'What the signing key has to pay for gas, in units of the chain’s currency',
  },
  rsdp_evidence_found_total: {
    kind: 'counter',
    help: 'Proofs that this node has found against members',
    labels: { kind: OFFENCES },
  },
  rsdp_convictions_total: {
    kind: 'counter',
    help: 'Convictions of members in tasks of this node; `self`: of this node',
    labels: { of: ['self', 'others'], offence: OFFENCES },
  },
  rsdp_double_sign_refused_total: {
    kind: 'counter',
    help: 'Times that this node signs nothing in a task, as its key has signed what its store does not hold',
  },
} as const satisfies MetricSpecs

export type NodeMetric = keyof typeof NODE_METRICS
