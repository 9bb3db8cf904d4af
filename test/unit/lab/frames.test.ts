import { expect } from 'chai'
import { playFrames } from '../../../src/cli/lab/frames.ts'
import { loadTrace } from '../../../src/cli/lab/files.ts'
import { playCell } from '../../../src/lab/models.ts'
import { cellSchema } from '../../../src/lab/scenario.ts'
import type { Cell } from '../../../src/lab/scenario.ts'
import { runSeed } from '../../../src/sim/run-seed.ts'

const cellOf = (nodes: number): Cell =>
  cellSchema.parse({ name: 'test', model: 'frames', seeds: 1, cluster: { nodes } })

describe('frames of the real protocol', function () {
  this.timeout(60_000)

  it('are the simulator’s: no other player takes them', () => {
    expect(() => playCell(cellOf(4), 1, loadTrace())).throw(/simulator/)
  })

  it('the wire is given each frame once for each receiver', async () => {
    let [frames, bytes] = [0, 0]
    const wire = (frame: Uint8Array): void => {
      frames += 1
      bytes += frame.length
    }
    const report = await runSeed(1, { calm: true, nodes: 4, heights: 2, wire })
    expect([frames, bytes]).deep.equal([report.frames, report.bytes])
    expect(frames).greaterThan(50)
    // who only listens changes nothing
    const alone = await runSeed(1, { calm: true, nodes: 4, heights: 2 })
    expect(alone.traceHash).equal(report.traceHash)
  })

  it('the same seed gives the same figures; compression changes bytes alone, and more of it leaves fewer', async () => {
    const { figures } = await playFrames(cellOf(4), 3)
    expect((await playFrames(cellOf(4), 3)).figures).deep.equal(figures)
    const of = (name: string): number => figures[name] ?? Number.NaN
    expect(of('messages_per_link')).equal(of('messages') / 12)
    expect(of('bytes_brotli_5')).below(of('bytes_brotli_1'))
    for (const quality of [1, 5])
      expect(of(`saved_brotli_${quality}`)).closeTo(1 - of(`bytes_brotli_${quality}`) / of('bytes'), 1e-9)
    // a frame is mostly hashes and signatures: neither half of it goes, nor does it double
    expect(of('saved_brotli_5')).within(-0.5, 0.5)
  })

  it('more members say more to each other', async () => {
    const [four, seven] = [(await playFrames(cellOf(4), 1)).figures, (await playFrames(cellOf(7), 1)).figures]
    expect(seven['messages']).greaterThan(2 * (four['messages'] ?? Infinity))
    expect(seven['bytes']).greaterThan(2 * (four['bytes'] ?? Infinity))
  })
})
