import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { readConnections } from '../../../src/learning/connections.ts'
import { readEngines } from '../../../src/learning/engines.ts'
import { readPeople } from '../../../src/learning/commands.ts'
import { segmentsOf } from '../../../src/learning/measures.ts'
import { TRAINERS } from '../../../src/learning/models.ts'
import type { SplitFile } from '../../../src/learning/models.ts'
import { nabFileScore } from '../../../src/learning/nab.ts'
import { readLabels } from '../../../src/learning/servers.ts'
import { readSeries, windowRows } from '../../../src/learning/series.ts'
import { laterTime } from '../../../src/learning/split.ts'
import { dataText, hasData, skipWithoutData } from '../../helpers/learning-data.ts'
import { pythonRandom } from '../../helpers/mersenne.ts'

const models = (name: string): Record<string, Record<string, unknown>> =>
  JSON.parse(readFileSync(new URL(`../../../models/${name}`, import.meta.url), 'utf8')) as Record<
    string,
    Record<string, unknown>
  >

const split = models('split.json') as unknown as SplitFile

describe('learning, on the public data sets', () => {
  it('are there', function () {
    skipWithoutData(this)
  })
  if (!hasData) return

  it('NAB: scores its random detector on 14 files as its authors did', () => {
    const published = models('nab-board.json')['randomAtHalf'] as Record<string, number>
    const windows = JSON.parse(dataText('nab/labels_windows.json')) as Record<string, string[][]>
    for (const [file, ends] of Object.entries(windows)) {
      const { times } = readSeries(file, dataText(`nab/${file}.gz`))
      const random = pythonRandom(42)
      const flags = times.map(() => random() >= 0.5)
      expect(nabFileScore(flags, windowRows(file, times, ends)), file).closeTo(published[file] ?? 0, 1e-7)
    }
  })

  it('read as many rows as the publishers count', () => {
    const people = readPeople('commands', dataText('training-shells/commands.jsonl.gz'))
    expect([people.length, people.filter(({ commands }) => commands.length >= 60).length]).deep.equal([
      134, 71,
    ])
    const connections = readConnections('kdd99', dataText('kdd99/kdd99_sample.csv.gz'))
    expect([connections.length, connections.filter(({ group }) => group === 4).length]).deep.equal([
      20_428, 27,
    ])
    const engines = readEngines('cmapss', dataText('cmapss/train_FD001.txt.gz'))
    const lives = engines.map(({ cycles }) => cycles.length)
    expect([engines.length, Math.min(...lives), Math.max(...lives)]).deep.equal([100, 128, 362])
  })

  it('asd: training gives the committed model of anomalies again', () => {
    const trained = TRAINERS.find(([file]) => file === 'anomaly.json')?.[1](dataText, split)
    expect(trained).equal(readFileSync(new URL('../../../models/anomaly.json', import.meta.url), 'utf8'))
  })

  it('SMD: later time begins where the split file says', () => {
    const labels = readLabels('smd', dataText('smd/machine-3-4_test_label.csv.gz'))
    expect(laterTime(segmentsOf(labels))).equal(models('split.json')['smd']?.['judgedFromTestRow'])
  })
})
