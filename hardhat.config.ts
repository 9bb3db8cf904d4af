import { globSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import hardhatEthers from '@nomicfoundation/hardhat-ethers'
import chaiMatchers from '@nomicfoundation/hardhat-ethers-chai-matchers'
import hardhatIgnition from '@nomicfoundation/hardhat-ignition-ethers'
import hardhatMocha from '@nomicfoundation/hardhat-mocha'
import networkHelpers from '@nomicfoundation/hardhat-network-helpers'
import hardhatTypechain from '@nomicfoundation/hardhat-typechain'
import { defineConfig } from 'hardhat/config'

// solc comes from npm: nothing is downloaded
const solc = { version: '0.8.37', path: fileURLToPath(import.meta.resolve('solc/soljson.js')) }
// tests in Solidity deploy the contracts as they were compiled for use; themselves they are compiled to be compiled soon
const plain = { ...solc, settings: { evmVersion: 'osaka' } }
const solidityTests = globSync('test/solidity/*.sol', { cwd: import.meta.dirname })

export default defineConfig({
  plugins: [hardhatEthers, chaiMatchers, hardhatIgnition, hardhatMocha, networkHelpers, hardhatTypechain],
  solidity: {
    compilers: [
      { ...solc, settings: { evmVersion: 'osaka', optimizer: { enabled: true, runs: 800 }, viaIR: true } },
    ],
    overrides: Object.fromEntries(solidityTests.map((file) => [file, plain])),
    splitTestsCompilation: true,
  },
  paths: { tests: { mocha: './test/contracts', solidity: './test/solidity' } },
  // generated namespaces end in stray semicolons, which erasableSyntaxOnly takes for code; the types still count
  typechain: { tsNocheck: true },
  test: {
    // npm run fuzz sets them; here they are a sample
    solidity: {
      // a handler signs for every member of a cluster in one call, and memory is never freed
      memoryLimit: 512 * 1024 * 1024,
      fuzz: {
        seed: `0x${BigInt(process.env['RSDP_SEED'] ?? 20261121)
          .toString(16)
          .padStart(64, '0')}`,
      },
      invariant: {
        runs: Number(process.env['RSDP_FUZZ_RUNS'] ?? 3),
        depth: Number(process.env['RSDP_FUZZ_DEPTH'] ?? 128),
        failOnRevert: true,
      },
    },
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
