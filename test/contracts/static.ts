import { globSync, readFileSync } from 'node:fs'
import { expect } from 'chai'
import config from '../../hardhat.config.ts'

const sources = globSync('contracts/**/*.sol').filter((path) => !path.startsWith('contracts/dev'))
/** A source without its comments. */
const codeOf = (path: string): string => readFileSync(path, 'utf8').replace(/\/\/.*$/gm, '')
const found = (pattern: RegExp): string[] => sources.filter((path) => pattern.test(codeOf(path))).sort()

describe('The sources of the contracts', () => {
  it('C2: have no owner, proxy, initializer or pause', () => {
    expect(sources.length).greaterThan(30)
    expect(found(/\b(Ownable|AccessControl|Initializable|Proxy|UUPS|Pausable)\b/)).deep.equal([])
    // a line is the property of its client, and of nobody's interest but its own
    expect(found(/\bonlyOwner\b/)).deep.equal(['contracts/TaskLine.sol', 'contracts/line/LineState.sol'])
  })

  it('C20: know no tx.origin, selfdestruct, delegatecall or plain call; a twin is asked by staticcall alone', () => {
    expect(found(/\b(tx\.origin|selfdestruct|suicide|delegatecall|callcode)\b/)).deep.equal([])
    expect(found(/\.call[({]|\.send\(|\bcall\(gas/)).deep.equal([])
    expect(found(/\bstaticcall\(/)).deep.equal([
      'contracts/libraries/BlockHashes.sol',
      'contracts/libraries/Certificate.sol',
      'contracts/libraries/Reduction.sol',
    ])
  })

  it('C5: neither take nor send ether', () => {
    expect(found(/\b(payable|receive\(|fallback\(|msg\.value)/)).deep.equal([])
  })

  it('C19: use no randomness but the mixHash in a header that a block’s hash proves', () => {
    expect(found(/\b(prevrandao|difficulty|coinbase)\b/)).deep.equal([])
    // the deployment's name, and times that are compared
    expect(found(/\bblock\.timestamp\b/)).deep.equal([
      'contracts/NodeRegistry.sol',
      'contracts/PhaseLog.sol',
      'contracts/TaskBoard.sol',
      'contracts/TaskLine.sol',
      'contracts/board/Settlement.sol',
      'contracts/board/TaskClock.sol',
      'contracts/libraries/Moments.sol',
      'contracts/libraries/TaskBounds.sol',
      'contracts/line/LineState.sol',
      'contracts/log/LogState.sol',
      'contracts/registry/Keys.sol',
    ])
    for (const path of sources) expect(codeOf(path), path).not.match(/(keccak256|% *).*block\.timestamp/)
    expect(found(/\bblockhash\(/)).deep.equal([
      'contracts/libraries/BlockHashes.sol',
      'contracts/log/LogState.sol',
    ])
  })

  it('C25: name one compiler, the one that compiles them, with fixed settings', () => {
    for (const path of sources) expect(codeOf(path), path).match(/^pragma solidity 0\.8\.37;$/m)
    expect(config.solidity).nested.include({
      'compilers[0].version': '0.8.37',
      'compilers[0].settings.evmVersion': 'osaka',
      'compilers[0].settings.optimizer.runs': 800,
      'compilers[0].settings.viaIR': true,
    })
  })
})
