import { machineWarning } from './machine.ts'
import { makePrivateCluster } from './private-cluster.ts'
import type { PrivateSettings } from './private-cluster.ts'
import { NodeProcess } from './node-process.ts'
import { PrivateReport } from './private-report.ts'
import { untilStopped } from './until-stopped.ts'
import { table } from '../output.ts'
import type { CommandContext } from '../run-command.ts'

export interface PrivateNetworkOptions {
  readonly nodes: number
  readonly dataDir: string
  readonly selection: PrivateSettings['selection']
  readonly schedule: string
}

const STOP_GRACE_MS = 10_000

/** A private cluster in profile `paper`: each node a process, nothing but a membership file in common; until Ctrl-C. */
export async function runPrivateNetwork(
  { nodes, dataDir, selection, schedule }: PrivateNetworkOptions,
  { output, signal }: CommandContext,
): Promise<void> {
  const warning = machineWarning(nodes)
  if (warning !== null) output.say(`▲ ${warning}`)
  const { file, members } = await makePrivateCluster(nodes, dataDir, { selection, schedule })
  const report = new PrivateReport(nodes)
  const processes = members.map((member) => {
    member.hold.release()
    return new NodeProcess({
      name: member.name,
      command: ['node', 'private'],
      args: [file, '--data-dir', member.dataDir, '--listen', member.listen],
      onEvent: (event) => {
        for (const line of report.take(event)) output.say(line)
      },
    })
  })
  try {
    const rows = members.map(({ name, key, listen }) => [name, key, listen])
    output.result(
      { members: file, nodes: rows },
      `${table(['node', 'signing key', 'listens on'], rows)}\n\n` +
        `members  ${file}\n` +
        `profile  paper, ${selection}, resynchronised by ${schedule}; no chain, no certificates, not safe against liars\n` +
        'validity magnitude / entropy / concentration of the finalised states: 1 / 0 / 1 when all agree\n' +
        'Ctrl-C stops the nodes',
    )
    await untilStopped(processes, signal)
  } finally {
    await Promise.all(processes.map((node) => node.stop(STOP_GRACE_MS)))
  }
}
