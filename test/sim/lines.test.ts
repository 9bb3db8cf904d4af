import { expect } from 'chai'
import { cryptoFor, restoreCrypto } from '../../src/cli/commands/sim-crypto.ts'
import { runLine } from '../helpers/line-world.ts'

describe('lines of tasks', function () {
  this.timeout(60_000)
  after(restoreCrypto)

  it('lose no acknowledged command and apply none twice, over members drawn anew and a late result', async () => {
    const line = await runLine({ seed: 103, tasks: 3, heights: 6, keys: cryptoFor(1) })
    expect(line.problems).to.deep.equal([])
    expect(line).to.include({ successions: 2 })
    expect(line.redrawn).to.be.at.least(1)
    expect(line.stalled).to.be.at.least(1)
    expect(line.carried, 'commands that came too late for a task').to.be.at.least(1)
    expect(line.acknowledged).to.be.at.least(10)
  })
})
