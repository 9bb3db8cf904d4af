import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { writeDeployment } from '../../src/adapters/evm/deployment.ts'
import { remembered } from '../../src/audit/remembered.ts'
import { recoverSigner } from '../../src/audit/signatures.ts'
import { corsRpc } from '../helpers/cors-rpc.ts'
import type { CorsRpc } from '../helpers/cors-rpc.ts'
import { byCommand, byDesk, byLibrary } from '../helpers/recordings/audits.ts'
import { outcomeOf } from '../helpers/recordings/make.ts'
import { ANSWERS_FILE, readRecordings, tellerOf } from '../helpers/recordings/recording.ts'

/** In test/recordings; `npm run recordings` makes them again, for contracts or an audit that ask or say other things. */
describe('recorded tasks: command line, library and dashboard', function () {
  this.timeout(300_000)
  const recordings = readRecordings()
  const { list, tasks } = recordings
  const folder = mkdtempSync(join(tmpdir(), 'rsdp-recordings-'))
  const stateHome = process.env['XDG_STATE_HOME']
  /** As in the browser: the command line recovers by native code. */
  const recover = remembered(recoverSigner)
  let rpc: CorsRpc

  before(async () => {
    process.env['XDG_STATE_HOME'] = folder
    const tellers = list.map((_, index) => tellerOf(recordings, index))
    rpc = await corsRpc((path, method, params) => tellers[Number(path.slice(1))]!(method, params))
  })
  after(async () => {
    if (stateHome === undefined) delete process.env['XDG_STATE_HOME']
    else process.env['XDG_STATE_HOME'] = stateHome
    await rpc.close()
    rmSync(folder, { recursive: true, force: true })
  })

  it('are 50, small, of every verdict, and mostly tampered with', () => {
    expect(list).length(50)
    expect(statSync(ANSWERS_FILE).size).below(5_000_000)
    const verdicts = new Set(list.map(({ verdict }) => verdict))
    expect([...verdicts]).include.members(['verified', 'mismatch', 'unavailable', 'E_HEAD'])
    expect(list.filter(({ endpoint }) => endpoint !== 'honest')).length(40)
  })

  for (const seed of Object.keys(tasks).map(Number))
    it(`say the same of seed ${seed}, byte for byte, and what was written down`, async () => {
      const task = tasks[seed]!
      const file = join(folder, `${seed}.json`)
      await writeDeployment(file, task.deployment)
      for (const [index, recording] of list.entries()) {
        if (recording.seed !== seed) continue
        const { isComplete, endpoint, verdict, findings } = recording
        const asked = { task, file, rpcUrl: `${rpc.url}/${index}`, isComplete }
        const json = await byCommand(asked)
        expect(await byLibrary(asked, recover), endpoint).equal(json)
        expect(outcomeOf(json), endpoint).deep.equal({ verdict, findings })
        // two of them, with proof and without; test/e2e/dashboard.test.ts asks for all of them, in a browser
        if (endpoint === 'honest' && seed <= 2) expect(await byDesk(asked)).equal(json)
      }
    })
})
