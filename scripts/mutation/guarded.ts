/** Lines of the contracts, how to break them, and which test has to notice. */

export interface Mutant {
  readonly name: string
  readonly file: string
  /** Occurs exactly once. */
  readonly line: string
  readonly broken: string
  /** A mocha file; null: the fuzzer. */
  readonly test: string | null
  /** Title of the test, or the invariant. */
  readonly by: string
}

const FORMATION = 'contracts/board/Formation.sol'
const SETTLEMENT = 'contracts/board/Settlement.sol'
const TASK_CLOCK = 'contracts/board/TaskClock.sol'
const REGISTRY = 'contracts/NodeRegistry.sol'
const REGISTRY_STATE = 'contracts/registry/RegistryState.sol'
const KEYS = 'contracts/registry/Keys.sol'
const LOG = 'contracts/PhaseLog.sol'
const REDUCTION = 'contracts/libraries/Reduction.sol'
const LOG_STATE = 'contracts/log/LogState.sol'

const invariant = (by: string, name: string, file: string, line: string, broken: string): Mutant => ({
  name: `${by}: ${name}`,
  file,
  line,
  broken,
  test: null,
  by: `invariant_${by}`,
})

export const GUARDED: readonly Mutant[] = [
  {
    name: 'two thirds are a quorum',
    file: 'contracts/libraries/Certificate.sol',
    line: '3 * weight > 2 * total',
    broken: '3 * weight >= 2 * total',
    test: 'test/contracts/checkpoint.ts',
    by: 'exactly two thirds of the weight',
  },
  {
    name: 'penalties have no window',
    file: TASK_CLOCK,
    line: 'if (opensAt.number != 0) _requireBefore(opensAt);',
    broken: '',
    test: 'test/contracts/penalties.ts',
    by: 'closes with the last block before claims',
  },
  {
    name: 'a block or a second is enough',
    file: 'contracts/libraries/Moments.sol',
    line: 'block.number >= m.number && block.timestamp >= m.time',
    broken: 'block.number >= m.number || block.timestamp >= m.time',
    test: 'test/contracts/time.ts',
    by: 'end neither sign-up nor silence nor a task before its seconds',
  },
  {
    name: 'late heights prolong a task',
    file: LOG,
    line: 'if (!finalizing) (p.lastBlock, p.lastTime)',
    broken: '(p.lastBlock, p.lastTime)',
    test: 'test/contracts/time-walk.ts',
    by: 'stand where the rule says',
  },
  {
    name: 'any block after the seed’s moment draws',
    file: 'contracts/libraries/Beacon.sol',
    line: 'if (before >= since.time) {',
    broken: 'if (before >= since.time && before == 0) {',
    test: 'test/contracts/time.ts',
    by: 'is the first block that reaches both',
  },
  {
    name: 'the signing domain has no salt',
    file: 'contracts/libraries/Domain.sol',
    line: 'abi.encode(SALTED_TYPE, NAME, VERSION, chainId, verifyingContract, salt)',
    broken: 'abi.encode(SALTED_TYPE, NAME, VERSION, chainId, verifyingContract, salt & 0)',
    test: 'test/contracts/deployment.ts',
    by: 'gives every deployment its own signing domain',
  },
  invariant(
    'I1',
    'the reporter’s part counts twice',
    REGISTRY,
    'burnt += amount - credit;',
    'burnt += amount;',
  ),
  invariant(
    'I2',
    'a transfer need not arrive in full',
    'contracts/libraries/ExactTransfer.sol',
    'if (held < before || received != amount) revert WrongAmountReceived(received, amount);',
    '',
  ),
  invariant(
    'I3',
    'an operator may have half of the seats',
    'contracts/libraries/Draw.sol',
    'return (n - 1) / 3;',
    'return n / 2;',
  ),
  invariant(
    'I4',
    'a second conviction takes its whole share again',
    SETTLEMENT,
    'return uint128(StakeMath.percentUp(lock, percent) - StakeMath.percentUp(lock, percentBefore));',
    'return uint128(StakeMath.percentUp(lock, percent));',
  ),
  invariant(
    'I5',
    'the same proof again',
    SETTLEMENT,
    'revert AlreadyConvicted(taskId, member, uint8(percentBefore));',
    '',
  ),
  invariant('I6', 'since when a key is inactive moves', KEYS, 'if (k.inactiveBlock != 0) return;', ''),
  invariant(
    'I7',
    'whoever keeps a part of the lock earns',
    SETTLEMENT,
    'if (t.convictions.get(i).percentOf() != 0) continue;',
    'if (t.convictions.get(i).percentOf() > 99) continue;',
  ),
  invariant('I8', 'the client is paid twice', SETTLEMENT, 'claimed |= 1 << CLIENT_BIT;', ''),
  invariant('I9', 'the root stays', LOG, 'log.root = s.root;', ''),
  invariant('I10', 'events are not noted', LOG, 'p.eventSeq = uint16(tip.eventSeq);', ''),
  invariant(
    'I11',
    'two thirds are a quorum',
    'contracts/libraries/Certificate.sol',
    '3 * weight > 2 * total',
    '3 * weight >= 2 * total',
  ),
  invariant(
    'I12',
    'claims in the last block of evidence',
    TASK_CLOCK,
    'opensAt.plus(_EVIDENCE + 1, _EVIDENCE_SECONDS)',
    'opensAt.plus(_EVIDENCE, _EVIDENCE_SECONDS)',
  ),
  invariant(
    'I13',
    'unbonding ends a block early',
    REGISTRY,
    'plus(unbondingBlocks, unbondingSeconds)',
    'plus(unbondingBlocks - 1, unbondingSeconds)',
  ),
  invariant(
    'I14',
    'the fee weighs one more',
    LOG,
    'return inTurn ? signed : 0;',
    'return inTurn ? signed + 1 : 0;',
  ),
  invariant(
    'I14',
    'who is left out of a list is paid',
    LOG,
    'if (inAll != (1 << p.members) - 1) log.missed.countMissing(MISSED_BITS, batch, p.members);',
    '',
  ),
  invariant('I11', 'anybody submits', LOG, 'if (finalizing) return false;', 'return false;'),
  invariant('I8', 'a fee that is due is not spent', LOG, '++p.feesDue;', ''),
  invariant(
    'I15',
    'a released lock is lost',
    REGISTRY,
    'a.locked -= amount;\n        a.free += amount;',
    'a.locked -= amount;',
  ),
  invariant(
    'I16',
    'late heights are counted against all',
    LOG_STATE,
    'uint256 late = p.last + epochHeights - p.graceHeights;',
    'uint256 late = epochHeights - p.last - p.graceHeights;',
  ),
  invariant(
    'I17',
    'votes of two rounds are an equivocation',
    'contracts/libraries/Evidence.sol',
    'return word(first, ROUND) == word(second, ROUND);',
    'return true;',
  ),
  invariant(
    'I18',
    'money waits until somebody publishes the result',
    SETTLEMENT,
    '_requireClaimsOpen(taskId);\n        address operator',
    '_requireClaimsOpen(taskId);\n        if (t.resultHash == 0) revert NothingDecided(taskId);\n        address operator',
  ),
  invariant(
    'I19',
    'a penalty leaves the key its allowance',
    KEYS,
    'a.total = a.total < amount ? 0 : a.total - amount;',
    '',
  ),
  invariant(
    'I21',
    'a keeper is paid for a task without a height',
    'contracts/line/LineState.sol',
    's.isPaid = head.last != 0;',
    's.isPaid = true;',
  ),
  invariant(
    'I21',
    'an announced plan is in force at once',
    'contracts/TaskLine.sol',
    '_nextPlanAt = _noticeEnds();',
    '_nextPlanAt = Moments.current();',
  ),
  invariant(
    'I21',
    'what is collected stays out of the budget',
    'contracts/TaskLine.sol',
    'amount = _BOARD.claim(taskId);\n        _budget += amount;',
    'amount = _BOARD.claim(taskId);',
  ),
  invariant(
    'I20',
    'a wallet that was replaced still acts',
    REGISTRY_STATE,
    'if (_holders[operator].wallet != wallet) operator = address(0);',
    '',
  ),
  invariant(
    'I8',
    'the client gets back what the drawing cost',
    SETTLEMENT,
    'rest = t.escrow - spent - fee;',
    'rest = t.escrow - spent;',
  ),
  invariant('I8', 'the drawing is paid again', SETTLEMENT, 'claimed |= 1 << FORMER_BIT;', 'claimed |= 0;'),
  {
    name: 'the address that opened an account takes what the account has earned since',
    file: SETTLEMENT,
    line: 'return former == msg.sender && _REGISTRY.walletOf(former) == address(0);',
    broken: 'return former == msg.sender;',
    test: 'test/contracts/form-fee.ts',
    by: 'belongs to the account',
  },
  {
    name: 'a signing key keeps the fee for the drawing',
    file: FORMATION,
    line: 'account = _REGISTRY.keyOwner(caller);',
    broken: '',
    test: 'test/contracts/form-fee.ts',
    by: 'is earned by a signing key for its operator',
  },
  {
    name: 'the escrow holds the fee of a drawing from a short list',
    file: 'contracts/libraries/TaskBounds.sol',
    line: 'formGas(SIGNUPS_PER_SEAT * p.maxNodes, p.maxNodes)',
    broken: 'formGas(p.maxNodes, p.maxNodes)',
    test: 'test/contracts/form-fee.ts',
    by: 'is in the escrow',
  },
  {
    name: 'a twin that lacked gas says nothing, and its inputs are judged',
    file: REDUCTION,
    line: 'if (lackedGas) revert ISlasher.NoVerdict("twin\'s gas");',
    broken: '',
    test: 'test/contracts/reduction.ts',
    by: 'that takes all the gas',
  },
  {
    name: 'a twin that reverts has another state',
    file: REDUCTION,
    line: 'if (!success) revert ISlasher.NoVerdict("twin reverts");',
    broken: '',
    test: 'test/contracts/reduction.ts',
    by: 'whose aggregate reverts',
  },
  {
    name: 'ledger events of another branch are judged',
    file: REDUCTION,
    line: 'if (onChain != expected || (onChain == 0 && count != 0)) revert ISlasher.NoVerdict("events");',
    broken: '',
    test: 'test/contracts/reduction.ts',
    by: 'ledger events that the chain does not have',
  },
  {
    name: 'a running predecessor hands over nothing',
    file: REDUCTION,
    line: 'if (!isOver || log.head(predecessor).last != 0) revert ISlasher.NoVerdict("predecessor");',
    broken: '',
    test: 'test/contracts/seam.ts',
    by: 'while the predecessor may still come to a result',
  },
  {
    name: 'any state is handed over',
    file: REDUCTION,
    line: 'if (keccak256(state) != resultHash) revert ISlasher.ProvesNothing("previous");',
    broken: '',
    test: 'test/contracts/seam.ts',
    by: 'hands the twin the published result',
  },
  {
    name: 'a line goes on from a tainted task',
    file: 'contracts/line/LineState.sol',
    line: 'if (height == 0 || outcome == IResults.Outcome.Tainted) return false;',
    broken: 'if (height == 0) return false;',
    test: 'test/contracts/line.ts',
    by: 'leaves out a tainted task',
  },
]
