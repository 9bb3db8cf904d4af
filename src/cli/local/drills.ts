import type { DrillAnswer, DrillAsk, NodeState } from '../../dashboard/model/drill.ts'
import { drillsFor } from '../../dashboard/model/drill.ts'
import { FAULT_NAMES, parseFaults } from '../../faults/parse.ts'
import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { LocalNetwork } from './network.ts'
import type { NodeProcess } from './node-process.ts'
import { stopNodes } from './start-nodes.ts'

/** Heights for which a liar lies, and those before: it has to be back by then. */
const LIE = { after: 2, heights: 3 }

/** Kills, pauses and restarts nodes of a network on this machine, and makes liars of them. */
export class Drills {
  /** Processes that have to run: those that were killed on purpose are not among them. */
  readonly running: NodeProcess[]
  readonly #network: Pick<LocalNetwork, 'nodes' | 'start'>
  readonly #decided: () => number
  readonly #states = new Map<string, { state: NodeState; fault: string | null }>()

  /** @param decided highest height that was decided in the newest task, 0 before the first */
  constructor(network: Pick<LocalNetwork, 'nodes' | 'processes' | 'start'>, decided: () => number) {
    this.#network = network
    this.#decided = decided
    this.running = [...network.processes]
    for (const { name } of network.nodes) this.#states.set(name, { state: 'runs', fault: null })
  }

  answer(): DrillAnswer {
    const nodes = [...this.#states].map(([node, said]) => ({ node, ...said }))
    return { nodes, faults: FAULT_NAMES }
  }

  /** @throws RsdpError E_DRILL, E_FAULT: nothing was done */
  do({ node, drill, fault }: DrillAsk): DrillAnswer {
    const index = this.#network.nodes.findIndex(({ name }) => name === node)
    const { state } = this.#states.get(node) ?? {}
    if (state === undefined) throw refused(`there is no node ${node}`, 'take a name that is listed')
    if (!drillsFor(state).includes(drill)) throw refused(`${node} is ${state}: no ${drill}`, 'look again')
    if (drill === 'lie') this.#lie(index, node, fault ?? '')
    else if (drill === 'start') this.#start(index, node, null)
    else if (drill === 'kill') this.#kill(node)
    else this.#signal(node, drill === 'pause' ? 'SIGSTOP' : 'SIGCONT', drill === 'pause' ? 'paused' : 'runs')
    return this.answer()
  }

  /** Ends what it has started; those of the network end with the network. */
  async stop(network: Pick<LocalNetwork, 'processes'>): Promise<void> {
    for (const [node, { state }] of this.#states)
      if (state === 'paused') this.#signal(node, 'SIGCONT', 'runs')
    await stopNodes(this.running.filter((one) => !network.processes.includes(one)))
  }

  #lie(index: number, node: string, name: string): void {
    const from = this.#decided() + LIE.after
    const fault = `${name}:${String(from)}-${String(from + LIE.heights - 1)}`
    // one of the catalogue: commas and colons mean something to `--fault`
    parseFaults((FAULT_NAMES as readonly string[]).includes(name) ? fault : '')
    if (this.#states.get(node)?.state !== 'killed') this.#kill(node)
    this.#start(index, node, fault)
  }

  #kill(node: string): void {
    const at = this.running.findIndex(({ name }) => name === node)
    const [process] = this.running.splice(at, 1)
    signalTo(process, 'SIGKILL')
    this.#states.set(node, { state: 'killed', fault: null })
  }

  #start(index: number, node: string, fault: string | null): void {
    this.running.push(this.#network.start(index, fault))
    this.#states.set(node, { state: 'runs', fault })
  }

  #signal(node: string, signal: NodeJS.Signals, state: NodeState): void {
    signalTo(
      this.running.find(({ name }) => name === node),
      signal,
    )
    this.#states.set(node, { state, fault: this.#states.get(node)?.fault ?? null })
  }
}

function signalTo(node: NodeProcess | undefined, signal: NodeJS.Signals): void {
  if (node?.pid !== undefined && node.exitCode === null) process.kill(node.pid, signal)
}

function refused(message: string, hint: string): RsdpError {
  return new RsdpError({ code: 'E_DRILL', message, hint, exit: EXIT.usage })
}
