import { expect } from 'chai'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { runScript } from '../helpers/engine-cluster-script.ts'

const FOLDER = new URL('.', import.meta.url)
/** Stands between a story's script and its trace. */
const RULER = '----\n'
/** UPDATE_SCENARIOS=1 writes the traces anew; the difference is then reviewed like code. */
const UPDATE = process.env['UPDATE_SCENARIOS'] === '1'

describe('scenarios', () => {
  for (const name of readdirSync(FOLDER).filter((file) => file.endsWith('.txt'))) {
    const file = new URL(name, FOLDER)
    const [script = '', trace = ''] = readFileSync(file, 'utf8').split(RULER)
    it(`${name}: ${script.split('\n')[0]?.replace('# ', '') ?? ''}`, () => {
      const told = runScript(script)
      if (UPDATE) writeFileSync(file, `${script}${RULER}${told}`)
      else expect(told).to.equal(trace)
    })
  }
})
