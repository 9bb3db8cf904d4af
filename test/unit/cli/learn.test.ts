import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { learnExplain } from '../../../src/cli/commands/learn-explain.ts'
import { learnEvaluate, learnTrain } from '../../../src/cli/commands/learn.ts'
import { carryOut } from '../../../src/cli/run-command.ts'
import type { CommandBody } from '../../../src/cli/run-command.ts'
import { modelHash } from '../../../src/services/sentinel/model.ts'
import { EXIT } from '../../../src/types/exit-codes.ts'

const models = fileURLToPath(new URL('../../../models/', import.meta.url))
const files = { split: `${models}split.json`, board: `${models}nab-board.json`, json: true }

/** Exit code and envelope of a command. */
async function outcome(body: CommandBody): Promise<[exit: number, envelope: Record<string, unknown>]> {
  let out = ''
  const keep = (text: string): void => {
    out += text
  }
  const options = { command: 'learn', json: true, streams: { out: keep, err: () => undefined } }
  const exit = await carryOut(options, body, new AbortController().signal)
  return [exit, JSON.parse(out) as Record<string, unknown>]
}

describe('rsdp learn', () => {
  let folder = ''
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'rsdp-learn-'))
  })
  after(() => {
    rmSync(folder, { recursive: true })
  })

  const file = (text: string): string => {
    const path = join(folder, 'rows.csv')
    writeFileSync(path, text)
    return path
  }
  const explain = async (model: string, rows: string, hash?: string): ReturnType<typeof outcome> => {
    const path = `${models}${model}`
    const pinned = hash ?? modelHash(readFileSync(path, 'utf8'))
    return outcome((context) => learnExplain(path, rows, { hash: pinned, json: true }, context))
  }
  const codeOf = (envelope: Record<string, unknown>): string =>
    (envelope['error'] as { readonly code: string }).code

  it('refuses a folder without data, a part and a set that do not exist', async () => {
    const evaluate = (sets: string[], part: string): ReturnType<typeof outcome> =>
      outcome((context) => learnEvaluate(folder, sets, { ...files, part }, context))
    const [exit, envelope] = await evaluate(['nab'], 'judged')
    expect([exit, codeOf(envelope)]).deep.equal([EXIT.precondition, 'E_DATA_FILE'])
    expect((await evaluate(['mnist'], 'judged'))[0]).equal(EXIT.usage)
    expect((await evaluate([], 'training'))[0]).equal(EXIT.usage)
    const [trained] = await outcome((context) => learnTrain(folder, files, context))
    expect(trained).equal(EXIT.precondition)
  })

  it('refuses a model that is not the pinned one, and rows that do not fit', async () => {
    const [exit, envelope] = await explain('life.json', file('1\n'), `0x${'00'.repeat(32)}`)
    expect([exit, codeOf(envelope)]).deep.equal([EXIT.mismatch, 'E_MODEL'])
    for (const text of ['', '1,2,3\n', `${'x,'.repeat(72)}x\n`]) {
      const [code, refused] = await explain('life.json', file(text))
      expect([code, codeOf(refused)], text).deep.equal([EXIT.precondition, 'E_DATA_ROW'])
    }
  })

  it('explains an anomaly by its loudest metric, and says that both ways agree', async () => {
    // a row as usual as can be: the centres of the model
    const { centers } = JSON.parse(readFileSync(`${models}anomaly.json`, 'utf8')) as { centers: number[] }
    const row = centers.slice(0, 19)
    const usual = row.join(',')
    const strange = [...row.slice(0, 6), 9_000_000, ...row.slice(7)].join(',')
    const [exit, { data }] = await explain('anomaly.json', file(`${usual}\n${usual}\n${strange}\n`))
    const { scores, recomputed, isEqual, reasons } = data as {
      scores: number[]
      recomputed: string[]
      isEqual: boolean
      reasons: [string, number][]
    }
    expect([exit, isEqual, reasons[0]?.[0]]).deep.equal([EXIT.ok, true, 'metric 7'])
    expect(recomputed).deep.equal(scores.map(String))
    // a missing value counts as the centre
    const gap = [...row.slice(0, 6), '', ...row.slice(7)].join(',')
    const [, { data: missing }] = await explain('anomaly.json', file(`${usual}\n${usual}\n${gap}\n`))
    const [, { data: whole }] = await explain('anomaly.json', file(`${usual}\n${usual}\n${usual}\n`))
    expect((missing as { scores: number[] }).scores).deep.equal((whole as { scores: number[] }).scores)
    expect((whole as { scores: number[] }).scores[0]).lessThan(scores[0] ?? 0)
  })

  it('explains the group of a connection, and a life', async () => {
    const connection = `0,tcp,private,S0${',0'.repeat(18)},250,2,100,100${',0'.repeat(15)}`
    const [exit, { data }] = await explain('connections.json', file(`${connection}\n`))
    const { names, scores } = data as { names: string[]; scores: number[] }
    expect([exit, names[scores.indexOf(Math.max(...scores))]]).deep.equal([EXIT.ok, 'dos'])
    const [code, { data: life }] = await explain(
      'life.json',
      file(`${Array.from({ length: 73 }, () => '1').join(',')}\n`),
    )
    expect([code, (life as { isEqual: boolean }).isEqual]).deep.equal([EXIT.ok, true])
  })
})
