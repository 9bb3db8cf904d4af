import { expect } from 'chai'
import { readPeople } from '../../../src/learning/commands.ts'
import { readConnections } from '../../../src/learning/connections.ts'
import { readEngines } from '../../../src/learning/engines.ts'
import { readInterpretation, readLabels, readMetrics } from '../../../src/learning/servers.ts'
import { readSeries, windowRows } from '../../../src/learning/series.ts'
import { RsdpError } from '../../../src/types/errors.ts'

const connection = `0,tcp,http,SF,181,5450${',0'.repeat(18)},0.25${',0'.repeat(16)}`

/** A bad text for each format, and the line that is named. */
const BAD: readonly (readonly [what: string, read: () => unknown, line: number])[] = [
  ['metrics of two widths', () => readMetrics('x', '1,2\n1,2,3\n'), 2],
  ['a metric that is no number', () => readMetrics('x', '1,2\n1,abc\n'), 2],
  ['an empty metric', () => readMetrics('x', '1,\n'), 1],
  ['a metric that is huge', () => readMetrics('x', '1e300,1\n'), 1],
  ['a label of two', () => readLabels('x', '0\n1\n2\n'), 3],
  ['an interpretation without metrics', () => readInterpretation('x', '1-2:1\n3-4:\n'), 2],
  ['a series without header', () => readSeries('x', '2014-01-01 00:00:00,1\n'), 1],
  ['a series with an empty value', () => readSeries('x', 'timestamp,value\n2014-01-01 00:00:00,\n'), 2],
  ['a series with a bad time', () => readSeries('x', 'timestamp,value\nyesterday,1\n'), 2],
  ['a connection that is short', () => readConnections('x', '0,tcp,http,normal.\n'), 1],
  ['an unknown attack', () => readConnections('x', `${connection},normal.\n${connection},ufo.\n`), 2],
  ['a negative count', () => readConnections('x', `-1${connection.slice(1)},normal.\n`), 1],
  [
    'an engine that skips a cycle',
    () => readEngines('x', `1 1${' 0'.repeat(24)}\n1 3${' 0'.repeat(24)}\n`),
    2,
  ],
  [
    'commands that are not JSON',
    () => readPeople('x', '{"file":"a/b","timestamp_str":"2020-01-01T00:00:00Z"}\n{'),
    2,
  ],
  [
    'a command without offset',
    () => readPeople('x', '{"file":"a","cmd":"ls","timestamp_str":"2020-01-01T00:00:00"}'),
    1,
  ],
]

describe('formats of the data sets', () => {
  for (const [what, read, line] of BAD)
    it(`refuse ${what}, with its line`, () => {
      try {
        read()
        expect.fail('was taken')
      } catch (error) {
        expect(error).instanceOf(RsdpError)
        expect((error as RsdpError).code).equal('E_DATA_ROW')
        expect((error as RsdpError).details['line']).equal(line)
      }
    })

  it('read metrics in millionths and labels as they are', () => {
    expect(readMetrics('x', '0.25,-1\r\n0.000001,3\r\n')).deep.equal([
      [250_000, -1_000_000],
      [1, 3_000_000],
    ])
    expect(readLabels('x', '0\n1\n0.0\n')).deep.equal([false, true, false])
    expect(readInterpretation('x', '5-9:1,3\n')).deep.equal([{ from: 5, to: 9, metrics: [0, 2] }])
  })

  it('read a series and its windows by row', () => {
    const series = readSeries('x', 'timestamp,value\n2014-02-28 23:55:00,1.5\n2014-03-01 00:00:00,2\n')
    expect((series.seconds[1] ?? 0) - (series.seconds[0] ?? 0)).equal(300)
    expect(series.seconds[1]).equal(Date.UTC(2014, 2, 1) / 1000)
    const ends = ['2014-02-28 23:55:00.000000', '2014-03-01 00:00:00.000000']
    expect(windowRows('x', series.times, [ends])).deep.equal([[0, 1]])
    expect(() => windowRows('x', series.times, [['2015-01-01 00:00:00', '']])).throw(RsdpError)
  })

  it('read connections, engines and people', () => {
    const [row] = readConnections('x', `${connection},smurf.\n`)
    expect(row).include({ name: 'smurf', group: 1 })
    expect(row?.numbers.slice(0, 6)).deep.equal([0, 0, 0, 0, 181, 5_450])
    expect(row?.numbers[24]).equal(25)
    const engines = readEngines(
      'x',
      `1 1${' 0.5'.repeat(24)}  \n1 2${' 1'.repeat(24)}  \n2 1${' 0'.repeat(24)}\n`,
    )
    expect(engines.map(({ number, cycles }) => [number, cycles.length])).deep.equal([
      [1, 2],
      [2, 1],
    ])
    expect(engines[0]?.cycles[0]?.[0]).equal(5_000)
    const typed = (at: string, cmd?: string): string =>
      JSON.stringify({ file: 'a/b', timestamp_str: at, cmd })
    const [person] = readPeople(
      'x',
      // the first is the later instant
      [
        typed('2020-02-29T23:30:00-01:00', 'late'),
        typed('2020-03-01T00:10:00Z', 'early'),
        typed('2020-01-01T00:00:00Z'),
      ].join('\n'),
    )
    expect(person).deep.equal({ file: 'a/b', exercise: 'a', commands: ['early', 'late'] })
  })
})
