import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect } from 'chai'
import { Drills } from '../../../src/cli/local/drills.ts'
import type { LocalNetwork } from '../../../src/cli/local/network.ts'
import type { NodeProcess } from '../../../src/cli/local/node-process.ts'
import type { Drill } from '../../../src/dashboard/model/drill.ts'
import { DRILLS, drillsFor } from '../../../src/dashboard/model/drill.ts'

/** Processes that do nothing, in place of nodes: signals are what is tested. */
class Sleeper {
  readonly name: string
  exitCode: number | null = null
  readonly child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' })
  signal: string | null = null
  readonly ended: Promise<unknown>

  constructor(name: string) {
    this.name = name
    this.ended = once(this.child, 'exit').then(([, signal]) => {
      this.exitCode = 128
      this.signal = String(signal)
    })
  }

  get pid(): number | undefined {
    return this.child.pid
  }

  async stop(): Promise<number> {
    this.child.kill('SIGTERM')
    await this.ended
    return 0
  }
}

describe('drills on a local network', () => {
  let processes: Sleeper[]
  let started: { index: number; fault: string | null; process: Sleeper }[]
  let network: Pick<LocalNetwork, 'nodes' | 'processes' | 'start'>
  let drills: Drills

  beforeEach(() => {
    processes = ['alice', 'bob'].map((name) => new Sleeper(name))
    started = []
    network = {
      nodes: [{ name: 'alice' }, { name: 'bob' }] as unknown as LocalNetwork['nodes'],
      processes: processes as unknown as readonly NodeProcess[],
      start: (index, fault) => {
        const process = new Sleeper(['alice', 'bob'][index] ?? '')
        started.push({ index, fault, process })
        return process as unknown as NodeProcess
      },
    }
    drills = new Drills(network, () => 7)
  })
  afterEach(async () => {
    await drills.stop(network)
    for (const one of processes) if (one.exitCode === null) await one.stop()
    expect(started.every(({ process }) => process.exitCode !== null)).equal(true)
  })

  const stateOf = (node: string) => drills.answer().nodes.find((one) => one.node === node)

  it('refuses nodes and misbehaviours that there are not, and what a state does not allow; nothing is done', () => {
    const refused = (ask: Parameters<Drills['do']>[0]): string => {
      try {
        drills.do(ask)
      } catch (error) {
        return (error as { code: string }).code
      }
      return 'done'
    }
    expect(refused({ node: 'carol', drill: 'kill' })).equal('E_DRILL')
    for (const fault of ['', 'no-such', 'silent:1', 'silent,silent'])
      expect(refused({ node: 'alice', drill: 'lie', fault }), fault).equal('E_FAULT')
    for (const drill of DRILLS.filter((one) => !drillsFor('runs').includes(one)))
      expect(refused({ node: 'alice', drill }), drill).equal('E_DRILL')
    expect(stateOf('alice')).deep.equal({ node: 'alice', state: 'runs', fault: null })
    expect([started.length, processes[0]?.exitCode]).deep.equal([0, null])
  })

  it('kills, and starts again; whoever waits for the death of a node does not see it', async () => {
    drills.do({ node: 'alice', drill: 'kill' })
    await processes[0]?.ended
    expect(processes[0]?.signal).equal('SIGKILL')
    expect(drills.running.map(({ name }) => name)).deep.equal(['bob'])
    drills.do({ node: 'alice', drill: 'start' })
    expect(started.map(({ index, fault }) => [index, fault])).deep.equal([[0, null]])
    expect(drills.running.map(({ name }) => name)).deep.equal(['bob', 'alice'])
    expect(stateOf('alice')?.state).equal('runs')
  })

  it('a liar is started anew, and lies from the second height from now on', async () => {
    drills.do({ node: 'bob', drill: 'lie', fault: 'silent' })
    await processes[1]?.ended
    expect(started.map(({ index, fault }) => [index, fault])).deep.equal([[1, 'silent:9-11']])
    expect(stateOf('bob')).deep.equal({ node: 'bob', state: 'runs', fault: 'silent:9-11' })
  })

  it('pauses and goes on; what is paused ends all the same', async () => {
    const walk: readonly Drill[] = ['pause', 'go-on', 'pause']
    for (const drill of walk) drills.do({ node: 'alice', drill })
    expect(stateOf('alice')?.state).equal('paused')
    await drills.stop(network)
    await processes[0]?.stop()
    expect(processes[0]?.signal).equal('SIGTERM')
  })
})
