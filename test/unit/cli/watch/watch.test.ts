import { expect } from 'chai'
import type { TaskHealth } from '../../../../src/node/task-health.ts'
import { changes } from '../../../../src/cli/watch/changes.ts'
import type { ShownHealth } from '../../../../src/cli/watch/node-view.ts'
import { nodeView } from '../../../../src/cli/watch/node-view.ts'
import { openScreen } from '../../../../src/cli/watch/screen.ts'

const TASK = {
  taskId: '7',
  ...{
    height: 3,
    heights: 20,
    round: 0,
    status: 'SHARE',
    membership: 'member',
    decidedHeight: 2,
    anchoredHeight: 0,
  },
  ...{ signing: { state: 'proved' }, waitsFor: null },
  ...{ isolated: [], frozen: null, evidence: { found: 0, submitted: 0, accepted: 0, refused: 0 } },
} as unknown as TaskHealth
const NODE = {
  key: '0xa1',
  ...{ ready: true, notReady: [], addresses: ['/ip4/127.0.0.1/tcp/1'], peers: { connected: 3, known: 3 } },
  ...{ chain: { head: 9, cursor: 9, reachable: true }, outbox: 0, notJoined: [] },
  endpoints: [{ name: 'http://one', trouble: null, troubles: 0 }],
  tasks: [TASK],
} as unknown as ShownHealth

describe('watch', () => {
  describe('changes', () => {
    it('are everything at the first look, and after a look at which no node ran', () => {
      expect(changes(null, NODE)).deep.equal([
        'node 0xa1 ready',
        'peers 3 of 3 connected',
        'chain reachable',
        'outbox 0 transactions waiting',
        'endpoint http://one nothing wrong',
        'task 7 decided 2 of 20',
        'task 7 anchored 0',
        'task 7 membership member',
        'task 7 signing proved',
      ])
    })

    it('are none where a node says the same, or only its head and phases go on', () => {
      expect(changes(NODE, NODE)).deep.equal([])
      const tasks = [{ ...TASK, status: 'CLOSE', round: 2, height: 4 }]
      expect(changes(NODE, { ...NODE, tasks, chain: { ...NODE.chain, head: 10, cursor: 10 } })).deep.equal([])
      expect(changes(null, null)).deep.equal([])
    })

    it('tell of a node that is gone once, and of all that goes wrong in it', () => {
      expect(changes(NODE, null)).deep.equal(['node gone: no process answers'])
      const evidence = { ...TASK.evidence, accepted: 1 }
      const now: ShownHealth = {
        ...NODE,
        ...{ ready: false, notReady: ['the chain is not reached'], peers: { connected: 1, known: 3 } },
        chain: { ...NODE.chain, reachable: false },
        notJoined: [{ taskId: '8', reason: 'twin', text: 'foreign' }],
        tasks: [{ ...TASK, decidedHeight: 3, isolated: [2, 3], frozen: 'differs', evidence }],
      }
      expect(changes(NODE, now)).deep.equal([
        'node 0xa1 not ready: the chain is not reached',
        'peers 1 of 3 connected',
        'chain NOT reachable',
        'task 8 refused: twin (foreign)',
        'task 7 decided 3 of 20',
        'task 7 isolated for flooding: members 2, 3',
        'task 7 frozen: differs',
        'task 7 proofs accepted 1',
      ])
      expect(changes(now, { ...now, notJoined: [], tasks: [] })).deep.equal([
        'task 8 refused: over',
        ...[
          'decided',
          'anchored',
          'membership',
          'signing',
          'isolated for flooding:',
          'frozen:',
          'proofs accepted',
        ].map((name) => `task 7 ${name} over`),
      ])
    })
  })

  it('a task that waits for another one says for which, until that is over', () => {
    const waiting = { ...NODE, tasks: [{ ...TASK, waitsFor: '6' }] }
    expect(nodeView(waiting, 1).at(-1)).match(/^7 +waits for task 6 +2 of 20/)
    expect(changes(NODE, waiting)).deep.equal(['task 7 waits for task 6'])
    expect(changes(waiting, NODE)).deep.equal(['task 7 waits for over'])
  })

  it('a node without tasks says so', () => {
    expect(nodeView({ ...NODE, tasks: [] }, 1).at(-1)).equal('tasks    none')
    expect(nodeView(NODE, 1).at(-1)).match(/^7 +SHARE +2 of 20 +0 +member +proved$/)
  })

  describe('screen', () => {
    const terminal = (isTTY: boolean) => {
      const written: string[] = []
      const stream = { isTTY, columns: 10, rows: 4, write: (text: string) => written.push(text) > 0 }
      return { written, screen: openScreen(stream) }
    }

    it('is none where nobody looks at a terminal', () => {
      const { screen, written } = terminal(false)
      expect([screen, written]).deep.equal([null, []])
    })

    it('cuts off what does not fit, and gives the terminal back as it was', () => {
      const { screen, written } = terminal(true)
      screen!.draw(['0123456789abc', 'two', 'three', 'four', 'five'])
      screen!.close()
      const [open, drawn, closed] = written
      expect(open).equal('\u001b[?1049h\u001b[?25l')
      expect(drawn).equal('\u001b[H0123456789\u001b[K\ntwo\u001b[K\nthree\u001b[K\n\u001b[J')
      expect(closed).equal('\u001b[?25h\u001b[?1049l')
    })
  })
})
