import { fileURLToPath } from 'node:url'
import hardhatEthers from '@nomicfoundation/hardhat-ethers'
import chaiMatchers from '@nomicfoundation/hardhat-ethers-chai-matchers'
import hardhatIgnition from '@nomicfoundation/hardhat-ignition-ethers'
import hardhatMocha from '@nomicfoundation/hardhat-mocha'
import networkHelpers from '@nomicfoundation/hardhat-network-helpers'
import hardhatTypechain from '@nomicfoundation/hardhat-typechain'
import { defineConfig } from 'hardhat/config'

export default defineConfig({
  plugins: [hardhatEthers, chaiMatchers, hardhatIgnition, hardhatMocha, networkHelpers, hardhatTypechain],
  // solc comes from npm: nothing is downloaded
  solidity: {
    version: '0.8.37',
    path: fileURLToPath(import.meta.resolve('solc/soljson.js')),
    settings: { evmVersion: 'osaka', optimizer: { enabled: true, runs: 800 }, viaIR: true },
  },
  paths: { tests: { mocha: './test/contracts', solidity: './contracts/test' } },
  // generated namespaces end in stray semicolons, which erasableSyntaxOnly takes for code; the types still count
  typechain: { tsNocheck: true },
  test: {
    // scripts/test.ts sets both: it counts results, and a forgotten `.only` must not pass there
    mocha: {
      reporter: process.env['RSDP_TEST_REPORTER'] ?? 'spec',
      forbidOnly: process.env['RSDP_TEST_REPORTER'] !== undefined,
      timeout: 60_000,
    },
  },
  networks: {
    default: { type: 'edr-simulated', chainType: 'l1', hardfork: 'osaka' },
  },
})
