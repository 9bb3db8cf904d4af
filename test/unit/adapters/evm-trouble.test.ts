import { expect } from 'chai'
import { refusalError, troubleOf, wordsOf } from '../../../src/adapters/evm/trouble.ts'
import type { Trouble } from '../../../src/adapters/evm/trouble.ts'

type Row = readonly [
  who: string,
  method: string,
  status: number,
  code: number | null,
  message: string,
  data?: unknown,
]

const LOGS = 'eth_getLogs'
const SEND = 'eth_sendRawTransaction'
const GAS = 'eth_estimateGas'
const CALL = 'eth_call'

/** What endpoints say, by what they mean. */
const SAID: Readonly<Record<Trouble, readonly Row[]>> = {
  revert: [
    ['geth', GAS, 200, 3, 'execution reverted: ERC20: insufficient balance', '0x08c379a0'],
    ['geth', GAS, 200, -32000, 'gas required exceeds allowance (0)'],
    [
      'hardhat',
      SEND,
      200,
      -32603,
      "VM Exception while processing transaction: reverted with custom error 'TooEarly()'",
    ],
    ['besu', GAS, 200, -32000, 'Execution reverted'],
    ['nethermind', CALL, 200, -32015, 'VM execution error.', '0x5c427cd9'],
    ['anvil', CALL, 200, 3, 'execution reverted', '0x'],
  ],
  rate: [
    ['infura', CALL, 429, -32005, 'daily request count exceeded, request rate limited'],
    ['infura', LOGS, 200, -32005, 'project ID request rate exceeded'],
    ['alchemy', LOGS, 200, 429, 'Your app has exceeded its compute units per second capacity.'],
    ['quicknode', CALL, 200, -32007, '15/second request limit reached - reduce calls per second'],
    ['ankr', LOGS, 200, -32090, 'Too many requests, retry after 10s'],
    ['publicnode', CALL, 200, -32029, 'Too Many Requests'],
    ['drpc', CALL, 200, 15, 'Too many request, try again later'],
    ['unnamed', LOGS, 200, -32005, 'rate limit exceeded'],
    ['EIP-1474', CALL, 200, -32005, 'limit exceeded'],
  ],
  range: [
    ['infura', LOGS, 200, -32005, 'query returned more than 10000 results'],
    ['infura', LOGS, 200, -32602, 'range 1000000 exceeds limit of 10000'],
    [
      'alchemy',
      LOGS,
      400,
      -32600,
      'Under the Free tier plan, you can make eth_getLogs requests with up to a 10 block range.',
    ],
    [
      'alchemy',
      LOGS,
      200,
      -32602,
      'Log response size exceeded. You can make eth_getLogs requests with up to a 2K block range',
    ],
    ['quicknode', LOGS, 413, -32614, 'eth_getLogs is limited to a 10,000 range'],
    [
      'cloudflare',
      LOGS,
      200,
      -32047,
      "Invalid eth_getLogs request. 'fromBlock'-'toBlock' range too large. Max range: 800",
    ],
    ['ankr', LOGS, 200, -32600, 'block range is too wide'],
    ['drpc', LOGS, 400, 35, 'ranges over 10000 blocks are not supported on free plan'],
    ['publicnode', LOGS, 200, -32701, 'exceed maximum block range: 50000'],
    ['bsc', LOGS, 200, -32005, 'limit exceeded'],
    [
      'tenderly',
      LOGS,
      200,
      -32602,
      'invalid params',
      { payload: 'range 9009594 is bigger than range limit 2000' },
    ],
    [
      'zksync',
      LOGS,
      200,
      -32602,
      'Query returned more than 10000 results. Try with this block range [0x1, 0x2].',
    ],
    ['geth', LOGS, 200, -32000, 'exceed max block range 5000'],
    ['erigon', LOGS, 200, -32602, 'query block range exceeds server limit, narrow your filter: 1000'],
    ['nethermind', LOGS, 200, -32005, 'Too many logs requested. Max logs per response is 20000.'],
    ['besu', LOGS, 200, -32005, 'Requested range exceeds maximum range limit'],
    ['reth', LOGS, 200, -32602, 'query exceeds max block range 100000'],
    ['geth', LOGS, 200, -32002, 'request timed out'],
  ],
  state: [
    ['geth', CALL, 200, -32000, 'missing trie node 5b1e (path ) state 0x5b1e is not available'],
    ['geth', CALL, 200, -32000, 'historical state 0x5b1e is not available'],
    ['geth', CALL, 200, -32000, 'required historical state unavailable (reexec=128)'],
    ['erigon', CALL, 200, -32000, 'old data not available due to pruning'],
    ['nethermind', CALL, 200, -32002, 'No state available for block 0x5b1e'],
    ['besu', CALL, 200, -32000, 'World state unavailable'],
    ['reth', CALL, 200, -32603, 'state at block #100 is pruned'],
    ['infura', CALL, 200, -32002, 'project ID does not have access to archive state'],
    ['cloudflare', CALL, 200, -32000, 'Requested data is older than 128 blocks.'],
    ['publicnode', CALL, 200, -32602, 'Archive requests require a personal token'],
  ],
  behind: [
    ['geth', CALL, 200, -32000, 'header not found'],
    ['geth', LOGS, 200, -32000, 'unknown block'],
    [
      'anvil',
      CALL,
      200,
      -32602,
      'BlockOutOfRangeError: block height is 5 but requested was 9; block is out of range',
    ],
  ],
  params: [
    ['geth', GAS, 200, -32602, 'too many arguments, want at most 1'],
    ['geth', GAS, 200, -32000, 'pending block is not available'],
    ['erpc', GAS, 200, -32602, 'pending block not found'],
    ['besu', GAS, 200, -32602, 'Invalid params'],
    ['hardhat', GAS, 200, -32602, 'invalid argument 1: expected block tag'],
  ],
  method: [
    ['geth', 'eth_foo', 200, -32601, 'the method eth_foo does not exist/is not available'],
    ['alchemy', 'eth_foo', 400, -32600, 'Unsupported method: eth_foo on ETH_MAINNET.'],
    ['nethermind', 'eth_foo', 200, -32601, 'Method eth_foo is not supported'],
  ],
  auth: [
    ['alchemy', CALL, 401, -32600, 'Must be authenticated!'],
    ['infura', CALL, 401, -32002, 'invalid project id'],
    ['ankr', CALL, 403, -32052, 'API key is not allowed to access blockchain'],
    ['gateway', CALL, 403, null, ''],
  ],
  known: [
    ['geth', SEND, 200, -32000, 'already known'],
    ['erigon', SEND, 200, -32000, 'ALREADY_EXISTS: already known'],
    ['nethermind', SEND, 200, -32010, 'AlreadyKnown'],
    ['besu', SEND, 200, -32000, 'Known transaction'],
    ['hardhat', SEND, 200, -32602, 'Known transaction: 0x12'],
    ['anvil', SEND, 200, -32003, 'transaction already imported'],
  ],
  nonce: [
    ['geth', SEND, 200, -32000, 'nonce too low: next nonce 5, tx nonce 4'],
    ['nethermind', SEND, 200, -32010, 'OldNonce, Current nonce: 5, nonce of rejected tx: 3.'],
    ['besu', SEND, 200, -32001, 'Nonce too low'],
    ['besu', SEND, 200, -32000, 'Transaction nonce is too distant from current sender nonce'],
    ['hardhat', SEND, 200, -32602, 'Nonce too low. Expected nonce to be 5 but got 4.'],
    ['anvil', SEND, 200, -32003, 'nonce too low'],
  ],
  underpriced: [
    ['geth', SEND, 200, -32000, 'replacement transaction underpriced'],
    ['geth', SEND, 200, -32000, 'transaction underpriced: gas tip cap 1, minimum needed 1000000000'],
    [
      'geth',
      SEND,
      200,
      -32000,
      'max fee per gas less than block base fee: address 0xab, maxFeePerGas: 1, baseFee: 7',
    ],
    ['nethermind', SEND, 200, -32010, 'FeeTooLow, MaxFeePerGas too low. MaxFeePerGas: 1, BaseFee: 7'],
    ['nethermind', SEND, 200, -32010, 'ReplacementNotAllowed'],
    ['besu', SEND, 200, -32009, 'Gas price below configured minimum gas price'],
    ['anvil', SEND, 200, -32003, 'max fee per gas less than block base fee'],
    [
      'hardhat',
      SEND,
      200,
      -32000,
      'Transaction maxFeePerGas (1) is too low for the next block, which has a baseFeePerGas of 7',
    ],
  ],
  'fee-cap': [
    ['geth', SEND, 200, -32000, 'tx fee (1.05 ether) exceeds the configured cap (1.00 ether)'],
    ['besu', SEND, 200, -32000, 'Transaction fee cap exceeded'],
  ],
  funds: [
    [
      'geth',
      SEND,
      200,
      -32000,
      'insufficient funds for gas * price + value: balance 0, tx cost 21000, overshot 21000',
    ],
    ['erigon', SEND, 200, -32000, 'INSUFFICIENT_FUNDS: insufficient funds for gas * price + value'],
    ['nethermind', SEND, 200, -32010, 'InsufficientFunds, Account balance: 0, cumulative cost: 21000'],
    ['besu', SEND, 200, -32004, 'Upfront cost exceeds account balance'],
    ['anvil', SEND, 200, -32003, 'Insufficient funds for gas * price + value'],
    [
      'hardhat',
      SEND,
      200,
      -32000,
      "Sender doesn't have enough funds to send tx. The max upfront cost is: 2 and the sender's balance is: 1.",
    ],
  ],
  gas: [
    ['geth', SEND, 200, -32000, 'intrinsic gas too low: gas 1, minimum needed 21000'],
    ['geth', SEND, 200, -32000, 'exceeds block gas limit'],
    ['besu', SEND, 200, -32005, 'Transaction gas limit exceeds block gas limit'],
    ['geth', SEND, 200, -32000, 'transaction gas limit too high (cap: 16777216, tx: 20000000)'],
  ],
  refused: [
    ['geth', SEND, 200, -32000, 'invalid sender'],
    ['anybody', CALL, 200, -32000, 'out of luck'],
    ['anybody', CALL, 200, -32603, ''],
  ],
}

describe('what endpoints mean', () => {
  for (const [trouble, rows] of Object.entries(SAID)) {
    for (const [who, method, status, code, message, data] of rows) {
      it(`${trouble}: ${who} "${message}"`, () => {
        expect(troubleOf({ method, status, code, message, data })).equal(trouble)
      })
    }
  }

  it('each kind has a code and a hint of its own, and the words of the endpoint', () => {
    const errors = Object.values(SAID).map(([row]) => {
      const [, method, status, code, message, data] = row!
      return refusalError('https://rpc.example', { method, status, code, message, data })
    })
    for (const { message, details } of errors)
      if (details['said'] !== '') expect(message).include(details['said'])
    expect(new Set(errors.map(({ hint }) => hint)).size).equal(errors.length)
    expect(new Set(errors.map(({ code }) => code)).size).equal(errors.length - 1)
  })

  it('words are one printable line without secrets, and bounded', () => {
    expect(wordsOf('<html><head><title>502 Bad\nGateway</title></head><body>nginx</body></html>')).equal(
      '502 Bad Gateway',
    )
    expect(wordsOf('<b>no</b>')).equal('no')
    expect(wordsOf('a\u0000b\u001b[31mc\u202ed\n\ne')).equal('a b [31mc d e')
    expect(wordsOf('see https://rpc.example/v3/s3cret?key=s3cret now')).equal('see https://rpc.example/… now')
    expect(wordsOf('x'.repeat(5_000))).length(201)
    expect(wordsOf('')).equal('')
  })
})
