/**
 * Registers and stakes nodes on a local chain that already runs, and runs each as a process of its own until Ctrl-C.
 *
 *   node scripts/start-nodes.ts [count] [rpcUrl] [deploymentFile] [dataDir]
 */
import { openDeployment } from '../src/cli/local/wallets.ts'
import { registerNodes } from '../src/cli/local/register-nodes.ts'
import { startNodes, stopNodes } from '../src/cli/local/start-nodes.ts'
import { untilStopped } from '../src/cli/local/until-stopped.ts'
import { integerArgument, runScript } from '../src/cli/run-script.ts'

await runScript(async (args, signal) => {
  const [
    count = '7',
    rpcUrl = 'http://127.0.0.1:8545',
    file = 'deployments/31337.json',
    dataDir = '.rsdp/nodes',
  ] = args
  const connection = await openDeployment(rpcUrl, file)
  const registered = await registerNodes(connection, integerArgument('count', count, 1, 31), dataDir)
  const { nodes, processes } = await startNodes(registered, {
    rpcUrl,
    deploymentFile: file,
    signal,
    onEvent: (node, { event, facts }) => {
      if (event === 'phase.enter') return
      console.log(
        node.padEnd(6),
        event,
        JSON.stringify({ ...facts, time: undefined, level: undefined, state: undefined }),
      )
    },
  })
  for (const { name, key, listen } of nodes) console.log(name.padEnd(6), key, listen)
  try {
    await untilStopped(processes, signal)
  } finally {
    await stopNodes(processes)
  }
})
