/** For each row of docs/attacks.md: the line that mends it, how to take it out, and the test of that row that has to notice. */
import type { Mutant } from './guarded.ts'

export interface AttackMutant extends Mutant {
  /** As docs/attacks.md names it. */
  readonly row: string
  readonly test: string
}

const FORMATION = 'contracts/board/Formation.sol'
const SETTLEMENT = 'contracts/board/Settlement.sol'
const REGISTRY = 'contracts/NodeRegistry.sol'
const BEACON = 'contracts/libraries/Beacon.sol'
const TASK_BOUNDS = 'contracts/libraries/TaskBounds.sol'
const RESULTS = 'contracts/Results.sol'
const KEYS = 'contracts/registry/Keys.sol'
const REGISTRY_STATE = 'contracts/registry/RegistryState.sol'
const REDUCTION_TRIAL = 'contracts/slasher/ReductionTrial.sol'
const LINE_STATE = 'contracts/line/LineState.sol'

const take = (
  row: string,
  name: string,
  [file, line, broken]: readonly [file: string, line: string, broken: string],
  test: string,
  by: string,
): AttackMutant => ({ row, name: `${row}: ${name}`, file, line, broken, test, by })

export const ATTACKS: readonly AttackMutant[] = [
  take(
    'C-1',
    'terms do not name the twin’s code',
    [
      FORMATION,
      'bytes32 twinCodeHash = t.provable ? _twins[taskId].codeHash : bytes32(0);',
      'bytes32 twinCodeHash = t.provable ? bytes32(0) : bytes32(0);',
    ],
    'test/contracts/terms.ts',
    'C-1: is bound to the twin’s code as it was at publish, and to nothing that anybody invents',
  ),
  take(
    'C-1',
    'a twin may delegate',
    ['src/policy/twin-code.ts', '...all(3, 1, 0x08, 0x09),', '...all(3, 1, 0x08, 0x09), ...all(6, 1, 0xf4),'],
    'test/unit/policy/twin-code.test.ts',
    'C-1: refuses proxies, accounts that delegate, and code that can end or be made anew',
  ),
  take(
    'H-1',
    'a key that is frozen after sign-up is not drawn',
    [
      KEYS,
      'if (k.inactiveBlock == 0 || wasActive) owners[i] = k.owner;',
      'if (k.inactiveBlock == 0 || (wasActive && false)) owners[i] = k.owner;',
    ],
    'test/contracts/drawing.ts',
    'every subset of frozen, replaced and convicted keys after the deadline draws the same cluster',
  ),
  take(
    'H-1',
    'the model leaves out who is frozen after sign-up',
    [
      'src/audit/draw.ts',
      'inactiveSince !== null && !isReached(end, inactiveSince)',
      'inactiveSince !== null && (end.number >= 0n || !isReached(end, inactiveSince))',
    ],
    'test/unit/audit/draw.test.ts',
    'H-1: the model: in every list of up to six, no subset of drop-outs and convictions after it moves a share',
  ),
  take(
    'H-2',
    'the seed is the hash of the header',
    [BEACON, 'return f.mixHash;', 'return keccak256(header);'],
    'test/contracts/drawing.ts',
    'whatever else the header says, the cluster is the same',
  ),
  take(
    'H-2',
    'a block without randomness draws',
    [BEACON, 'if (f.mixHash == 0) revert ITaskBoard.NoRandomness(f.number);', ''],
    'test/contracts/drawing.ts',
    'H-2: a block without randomness draws nothing',
  ),
  take(
    'H-3',
    'a key locks without its allowance',
    [REGISTRY, 'if (byKey) _useAllowance(key, amount);', ''],
    'test/contracts/allowance.ts',
    'H-3: a thief of the key loses its operator the allowance, not the stake',
  ),
  take(
    'H-4',
    'shares of nobody go to the client',
    [SETTLEMENT, 'rest = t.escrow - spent - fee;', 'rest = t.escrow - spent - fee + lost;'],
    'test/contracts/pay.ts',
    'H-4 two submitters with bare quorums change nobody’s pay but their own fee, and the client gets no more',
  ),
  take(
    'M-1',
    'a signature counts for other inputs',
    [
      'src/protocol/checkpoint.ts',
      'object.root === root && object.inputsHash === inputsHash',
      'object.root === root && (inputsHash ?? true) !== false',
    ],
    'test/unit/protocol/checkpoint.test.ts',
    'M-1 a signature for other inputs counts for nothing',
  ),
  take(
    'M-2',
    'a refuted height taints nothing',
    [REDUCTION_TRIAL, 'if (taints) isTainted[taskId] = true;', ''],
    'test/contracts/results.ts',
    'M-2: ≥ 2/3 liars finalise an invented result: convicted, result tainted',
  ),
  take(
    'M-2',
    'a small conviction takes a signer’s word',
    [
      RESULTS,
      'if (!Penalties.isGrave(percent)) standing += members.weight(i);',
      'if (percent == 0) standing += members.weight(i);',
    ],
    'test/contracts/results.ts',
    'M-2: a 1 % self-conviction leaves the result final',
  ),
  take(
    'M-2',
    'a CLOSE needs no signature',
    [REDUCTION_TRIAL, '_requireSigners(identity.separator, members, leaving, close, closes);', 'close;'],
    'test/contracts/reduction.ts',
    'M-2 convicts nobody by a CLOSE that its member did not sign',
  ),
  take(
    'M-3',
    'events have no bound together',
    [TASK_BOUNDS, '_inside("events", sum, 0, EVENTS_BYTES_MAX);', ''],
    'test/contracts/board.ts',
    'M-3 refuses more than 16 KiB of events, 23 bytes more each, in a provable task alone',
  ),
  take(
    'M-4',
    'to quit late costs nothing',
    [
      TASK_BOUNDS,
      'return isLate ? uint128(StakeMath.percentUp(lock, LATE_QUIT_PERCENT)) : 0;',
      'return isLate && lock == 0 ? uint128(StakeMath.percentUp(lock, LATE_QUIT_PERCENT)) : 0;',
    ],
    'test/contracts/late-quit.ts',
    'M-4: who fills the list and leaves it in the last blocks pays for every place',
  ),
  take(
    'M-5',
    'a log is proved in one piece',
    [
      'contracts/slasher/LogTrial.sol',
      'if (s.head != signed && !_opened[signed][s.head]) revert',
      'if (s.head != signed) revert',
    ],
    'test/contracts/long-logs.ts',
    'M-5: 10,000 legal entries hide nothing: the log is opened in steps',
  ),
  take(
    'M-6',
    'a conviction moves tokens',
    [
      REGISTRY,
      'burnt += amount - credit;',
      'burnt += amount - credit;\n        _TOKEN.safeTransfer(address(this), 1);',
    ],
    'test/contracts/penalties.ts',
    'M-6: a token that stands still',
  ),
  take(
    'D-strangers',
    'any registered node may connect',
    [
      'src/adapters/libp2p/transport.ts',
      '(key) => this.#links.get(key)?.mayConnect ?? false',
      '(key) => this.#links.get(key)?.mayConnect ?? true',
    ],
    'test/e2e/libp2p-strangers.test.ts',
    'D2: a node takes connections of members of its own clusters and of nobody else',
  ),
  take(
    'D-strangers',
    'a host knocks as often as it likes',
    [
      'src/adapters/libp2p/door.ts',
      'return rate.take(1) && (isApart || this.#everybody.take(1))',
      'return isApart || this.#everybody.take(1)',
    ],
    'test/unit/adapters/door.test.ts',
    'one host gets its burst, then its rate; another is not concerned',
  ),
  take(
    'L-self-report',
    'a reporter’s tenth has no bound',
    [REGISTRY, 'if (part > bounty) part = bounty;', ''],
    'test/contracts/penalties.ts',
    'L-self-report: who reports itself gets at most the bounty of each proof back',
  ),
  take(
    'L-jail',
    'jail is of the key alone',
    [
      KEYS,
      'if (block.number <= a.jailedUntil || block.timestamp < a.jailedUntilTime) status = KeyStatus.Jailed;',
      'if (a.free > a.free) status = KeyStatus.Jailed;',
    ],
    'test/contracts/penalties.ts',
    'L-jail: keep the account',
  ),
  take(
    'L-discard',
    'who is drawn for a task that is thrown away gets nothing',
    [SETTLEMENT, 'if (t.heights == 0) last = IDLE_HEIGHTS;', ''],
    'test/contracts/revoke.ts',
    'L-discard: leaves the drawing, and pays who is drawn one height for nothing',
  ),
  take(
    'L-result',
    'a result stands without anybody’s word',
    [RESULTS, 'return 3 * standing <= members.totalWeight();', 'return standing > members.totalWeight();'],
    'test/contracts/results.ts',
    'L-result: resultHash stays valid after every signer is convicted',
  ),
  take(
    'L-windows',
    'blocks or seconds are enough',
    [
      'contracts/libraries/Moments.sol',
      'block.number >= m.number && block.timestamp >= m.time',
      'block.number >= m.number || block.timestamp >= m.time',
    ],
    'test/contracts/time.ts',
    'L-windows: end neither sign-up nor silence nor a task before its seconds',
  ),
  take(
    'L-correlation',
    'an illegal log costs most of the lock',
    [
      'contracts/libraries/Penalties.sol',
      'uint256 internal constant ILLEGAL_LOG = CORRELATED;',
      'uint256 internal constant ILLEGAL_LOG = 75;',
    ],
    'test/contracts/penalties.ts',
    'L-correlation: one bug in the logs of all … members costs each … %, not 75 to 100 %',
  ),
  take(
    'L-terms',
    'join takes any terms',
    [FORMATION, 'if (given != expected) revert OtherTerms(taskId, given, expected);', ''],
    'test/contracts/terms.ts',
    'C-1: is bound to the client: one who copies the parameters has another hash',
  ),
  take(
    'L-join-blocks',
    'sign-up ends before it is seen',
    [
      'src/cli/task-params.ts',
      'return Math.max(JOIN_BLOCKS_MIN, reorgDepth + awaited) + nodes',
      'return Math.max(JOIN_BLOCKS_MIN, awaited) + nodes',
    ],
    'test/unit/cli/task-params.test.ts',
    'L-join-blocks: is longer than the depth at which nodes read the chain, on every kind of chain',
  ),
  take(
    'L-payout',
    'no payout address is nobody’s',
    [REGISTRY_STATE, 'if (payout == address(0)) payout = h.wallet;', ''],
    'test/contracts/account.ts',
    'L-payout: follows the wallet until it is set, and again after 0',
  ),
  take(
    'L-wallet',
    'a wallet that was replaced still acts',
    [REGISTRY_STATE, 'if (_holders[operator].wallet != wallet) operator = address(0);', ''],
    'test/contracts/account.ts',
    'L-wallet: leaves the old wallet nothing, and gives the new one everything',
  ),
  take(
    'L-one-wei',
    'penalties are rounded down',
    [
      'contracts/libraries/StakeMath.sol',
      'return (amount * percent + 99) / 100;',
      'return (amount * percent) / 100;',
    ],
    'test/contracts/penalties.ts',
    'L-one-wei: as a whole token even from a lock of one',
  ),
  take(
    'B-1',
    'who gave other bytes is asked again',
    [
      'src/agents/bundle-exchange.ts',
      'connected.has(key) && liars?.has(key) !== true',
      'connected.has(key) && liars?.has(key) !== null',
    ],
    'test/unit/agents/bundle-exchange.test.ts',
    'who gave other bytes is not asked again; who is silent has another turn',
  ),
  take(
    'LN-1',
    'a keeper is paid for a task without a height',
    ['contracts/TaskLine.sol', 'uint256 fee = s.isPaid ? plan.renewFee : 0;', 'uint256 fee = plan.renewFee;'],
    'test/contracts/line.ts',
    'LN-1: leaves out a task that died without an accepted height: next generation, no fee',
  ),
  take(
    'LN-2',
    'a line goes on from a tainted task',
    [
      LINE_STATE,
      'if (height == 0 || outcome == IResults.Outcome.Tainted) return false;',
      'if (height == 0) return false;',
    ],
    'test/contracts/line.ts',
    'LN-2: leaves out a tainted task',
  ),
  take(
    'LN-3',
    'a line has no pace',
    [LINE_STATE, 's.isDue = s.isDue && _last.restsUntil.isReached();', ''],
    'test/contracts/line.ts',
    'LN-3: never sooner than `pace…` after the last one, however fast a cluster is',
  ),
  take(
    'LN-4',
    'any state is handed over',
    [
      'contracts/libraries/Reduction.sol',
      'if (keccak256(state) != resultHash) revert ISlasher.ProvesNothing("previous");',
      '',
    ],
    'test/contracts/seam.ts',
    'LN-4: hands the twin the published result of the predecessor, and no other state',
  ),
]
