import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { id } from 'ethers'
import { fund } from '../../src/adapters/evm/operator.ts'
import { Wallet } from '../../src/adapters/evm/wallet.ts'
import type { Hex } from '../../src/types/ids.ts'
import type { TestNetwork } from '../helpers/chain.ts'
import { ETHER, startTestNetwork } from '../helpers/chain.ts'
import { payOnce } from '../helpers/once.ts'
import { rsdp } from '../helpers/rsdp.ts'

/** A sample; scripts/pay-once.ts takes as many as one likes. */
const SEEDS = [2, 4, 7, 10]

describe('payments over a link that drops, delays, doubles and reorders', () => {
  let net: TestNetwork
  before(async () => {
    net = await startTestNetwork({ nodes: 0 })
  })
  after(() => net.close())

  for (const seed of SEEDS) {
    it(`seed ${seed}: each is made once, and what failed is settled by the next command`, async () => {
      const { problems, failed } = await payOnce(net, seed)
      expect(problems).deep.equal([])
      expect(failed, 'the link was bad').greaterThan(0)
    })
  }

  it('two processes with one key started at once: each payment is made once, under nonces in a row', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'rsdp-turns-'))
    const state = process.env['XDG_STATE_HOME']
    process.env['XDG_STATE_HOME'] = dir
    try {
      const privateKey = id(`payer ${performance.now()}`) as Hex
      const payer = new Wallet(net.connection, privateKey)
      await fund(net.client, payer.address, ETHER)
      writeFileSync(join(dir, 'key'), privateKey, { mode: 0o600 })
      const payees = [1, 2].map((n) => id(`payee ${n} of ${payer.address}`).slice(0, 42))
      const flags = [
        '--rpc-url',
        net.rpcUrl,
        '--deployment',
        net.deploymentFile,
        '--key-file',
        join(dir, 'key'),
      ]
      const runs = await Promise.all(payees.map((to) => rsdp('fund', to, '0.25', ...flags, '--yes')))
      for (const { code, stderr } of runs) expect(code, stderr).equal(0)
      const { provider } = net.connection
      for (const to of payees) expect(await provider.getBalance(to)).equal(ETHER / 4n)
      expect(await provider.getTransactionCount(payer.address)).equal(2)
    } finally {
      if (state === undefined) delete process.env['XDG_STATE_HOME']
      else process.env['XDG_STATE_HOME'] = state
      rmSync(dir, { recursive: true, force: true })
    }
  })
})
