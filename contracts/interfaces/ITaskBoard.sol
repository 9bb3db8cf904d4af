// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Moment} from "../libraries/Moments.sol";

/// @title Tasks: escrow, sign-ups, clusters, ledger events, rewards
/// @dev One long file: it is the specification of the board, and most of it is text. Solidity does not let a library name an
/// error of ITaskBoard that a base interface declares, so the parts cannot be split without renaming all of them.
/// @notice The only contract that moves locks, pays rewards and takes penalties. Nobody owns it; nothing changes a published task.
/// Money leaves only by the calls of those it belongs to.
/// All amounts are in the token's smallest unit. Whatever begins or ends, does so at a moment: a block and a second, both of
/// which the chain has reached. So a chain that stops ends nothing, nor does one whose blocks come fast. Only the time of
/// the latest block counts.
interface ITaskBoard {
    /// @notice Where a task stands, derived from stored facts and the current block.
    /// @dev Open: sign-up, then drawing · Active: checkpoints · Finalizing: the end was reached, a few late heights are
    /// still accepted · Closed: over · Expired: no cluster was formed, everything goes back · NoQuorum: no checkpoint
    /// for `stallBlocks` and `stallSeconds`, over.
    enum Status {
        None,
        Open,
        Active,
        Finalizing,
        Closed,
        Expired,
        NoQuorum
    }

    /// @notice What a client asks for. Emitted in full at publish; nodes take every setting from here.
    /// @param reducer keccak(utf8 "name@version") of the reducer
    /// @param reducerParams its parameters, at most 1,024 bytes
    /// @param usesPrevious the reducer is handed the decided state of the height before
    /// @param twin Solidity twin (IReducer); 0 = results are not provable on chain
    /// @param predecessor task of this board that this one goes on from; 0 = none. With `usesPrevious`, height 1 is handed its
    /// published result
    /// @param minNodes smallest cluster, 4 … maxNodes
    /// @param maxNodes largest cluster, … 128
    /// @param heights number of heights, 1 … 65,535; reaching it ends the task
    /// @param epochHeights R, heights per log epoch and largest batch, 1 … 256
    /// @param stateCap largest state and result, bytes, 1 … 31,744
    /// @param inputCap largest state that a member may bring, bytes, 1 … 31,744; with a twin maxNodes · inputCap ≤ 31,744
    /// @param calldataInputs data mode: inputs are published with each checkpoint (R · maxNodes · inputCap ≤ 31,744)
    /// @param stakePerNode locked by each sign-up, ≥ 1
    /// @param rewardPerHeight shared by all members by weight, for each height
    /// @param checkpointFee for the member whose turn it is, × weight of signers / W
    /// @param formGasPrice token wei per gas for whoever draws the cluster: × (320,000 + 8,600 · sign-ups + 18,600 · seats);
    /// 0 = the drawing earns nothing
    /// @param joinDeadline sign-up is open up to this block
    /// @param joinTime and until this second, at most endTime − seedDelaySeconds − graceSeconds
    /// @param endBlock the task ends here, unless its last height comes before
    /// @param endTime but not before this second
    /// @param stallBlocks without a checkpoint for so long the task is over, ≥ 4 · maxNodes · turnBlocks
    /// @param stallSeconds but not before so many seconds, > graceSeconds. This and the two times are 0 in a deployment that
    /// counts no seconds
    /// @param turnBlocks g, blocks after which the turn to submit passes on, ≥ 1
    /// @param maxEvents largest number of ledger events posted, up to 65,279; system entries are not counted
    /// @param tickMs length of a tick, milliseconds, ≥ 1; the following are in ticks and for the nodes alone
    /// @param debateTicks debateTimeout, ≥ 1
    /// @param shareTicks shareTimeout, ≥ 1
    /// @param confirmTicks confirmTimeout, ≥ 1
    /// @param helloTicks helloTimeout, ≥ 1
    /// @param slotTicks length of a resynchronisation slot; 0 = no schedule
    /// @param reporters at most 4 accounts that may post events beside the client
    struct TaskParams {
        bytes32 reducer;
        bytes reducerParams;
        bool usesPrevious;
        address twin;
        uint256 predecessor;
        uint8 minNodes;
        uint8 maxNodes;
        uint16 heights;
        uint16 epochHeights;
        uint16 stateCap;
        uint16 inputCap;
        bool calldataInputs;
        uint128 stakePerNode;
        uint128 rewardPerHeight;
        uint128 checkpointFee;
        uint64 formGasPrice;
        uint64 joinDeadline;
        uint64 joinTime;
        uint64 endBlock;
        uint64 endTime;
        uint32 stallBlocks;
        uint32 stallSeconds;
        uint32 turnBlocks;
        uint16 maxEvents;
        uint16 tickMs;
        uint32 debateTicks;
        uint32 shareTicks;
        uint32 confirmTicks;
        uint32 helloTicks;
        uint32 slotTicks;
        address[] reporters;
    }

    /// @notice Windows of the deployment, fixed for ever: least numbers of blocks and of seconds, both of which have to pass.
    /// @param taskBlocksMax longest time from publish to `endBlock`
    /// @param closeGrace Finalizing lasts so long
    /// @param evidence after closing, evidence is accepted so long; then rewards and locks can be taken
    /// @param reorgDepth blocks between `joinDeadline` and the block whose mixHash is the seed, ≥ 1
    /// @param jail blocks for which all keys of an operator are refused after a conviction, 1 … 2^32 − 1
    /// @param taskSecondsMax longest time from publish to `endTime`; 0: tasks are measured in blocks alone
    /// @param graceSeconds what members have to be given: Finalizing lasts so long, and so does the time for the drawing
    /// @param evidenceSeconds as `evidence`
    /// @param seedDelaySeconds between `joinTime` and the first second whose block may be the seed
    /// @param jailSeconds as `jail`
    struct Windows {
        uint64 taskBlocksMax;
        uint64 closeGrace;
        uint64 evidence;
        uint64 reorgDepth;
        uint64 jail;
        uint64 taskSecondsMax;
        uint64 graceSeconds;
        uint64 evidenceSeconds;
        uint64 seedDelaySeconds;
        uint64 jailSeconds;
    }

    /// @notice A task as it is stored. Derived values: `statusOf`, `claimsOpenAt`.
    /// @param client who published it and gets back what it did not spend
    /// @param paramsHash keccak(abi.encode(params))
    /// @param cluster digest that every signed object names; 0 before `form`
    /// @param snapshot data contract: 0x00, then per member key ‖ operator ‖ u16 weight; 0 before `form`
    /// @param members n, 0 before `form`
    /// @param signups number of sign-ups
    /// @param formBlock block of `form`, 0 before
    /// @param eventsPosted number of ledger events that the client and the reporters posted
    /// @param revokedBlock block of `revoke`, 0 without
    /// @param escrow pulled at publish: rewards of all heights, fees of all checkpoints that can earn one, and the fee for
    /// drawing all seats from a full list
    /// @param former account that earned the fee for the drawing, or an address without an account; 0 before `form` and
    /// if the drawing earns nothing
    /// @param formFee what it earned, token wei
    /// @param stakePerNode lock of each sign-up
    /// @param resultHash keccak of the published result; 0 before `finalize`
    struct TaskView {
        address client;
        bytes32 paramsHash;
        bytes32 cluster;
        address snapshot;
        uint8 members;
        uint16 signups;
        uint64 formBlock;
        uint64 eventsPosted;
        uint64 revokedBlock;
        uint128 escrow;
        address former;
        uint128 formFee;
        uint128 stakePerNode;
        bytes32 resultHash;
    }

    /// @notice A task was published and its escrow paid.
    event TaskPublished(
        uint256 indexed taskId,
        address indexed client,
        bytes32 paramsHash,
        TaskParams params
    );

    /// @notice A key signed up.
    event Joined(uint256 indexed taskId, address indexed key, address indexed operator);

    /// @notice A key withdrew its sign-up.
    /// @param burnt taken from its lock because it was late, token wei
    event Left(uint256 indexed taskId, address indexed key, address indexed operator, uint128 burnt);

    /// @notice The cluster was drawn. Member i is at index i of each list.
    /// @param cluster keccak(abi.encode(taskId, paramsHash, snapshotHash, seed))
    /// @param seed keccak(abi.encode(mixHash of the seed block, taskId))
    /// @param snapshotHash keccak(key ‖ operator ‖ u16 weight of each member)
    /// @param pointer data contract that holds the snapshot behind one 0x00 byte
    event ClusterFormed(
        uint256 indexed taskId,
        bytes32 cluster,
        bytes32 seed,
        bytes32 snapshotHash,
        address pointer,
        address[] signingKeys,
        address[] operators,
        uint16[] weights
    );

    /// @notice The fee for drawing the cluster was earned.
    /// @param former account of the caller's operator, or the caller where it has none
    event FormFeeEarned(uint256 indexed taskId, address indexed former, uint256 amount);

    /// @notice The fee for drawing the cluster was paid.
    /// @param to payout address of the account, or `former` itself where it has none
    event FormFeePaid(uint256 indexed taskId, address indexed former, address indexed to, uint256 amount);

    /// @notice The client revoked the task.
    event TaskRevoked(uint256 indexed taskId);

    /// @notice Ledger event `seq` of the task, numbered from 1 over posted ones and system entries.
    event LedgerEvent(uint256 indexed taskId, uint64 seq, address originator, bytes data);

    /// @notice Ledger event `seq` of the task: a conviction, as reducers see it. A member's first in the task, and its first
    /// one from 20 % on. Not counted against `maxEvents`, at any time that convictions are possible.
    /// @param data u8 member ‖ u8 offence (ISlasher.Offence) ‖ u8 percent
    event SystemEntry(uint256 indexed taskId, uint64 seq, bytes data);

    /// @notice The last decided state was published.
    event TaskFinalized(uint256 indexed taskId, uint64 height, bytes32 stateHash, bytes result);

    /// @notice Rewards and fees of an operator's seats were paid.
    /// @param to the operator's payout address
    event Claimed(uint256 indexed taskId, address indexed operator, address indexed to, uint256 amount);

    /// @notice What the client did not spend was paid back.
    event Refunded(uint256 indexed taskId, address indexed client, uint256 amount);

    /// @notice What a task's accepted heights and due fees cost and nobody earned was booked as burnt.
    event Burnt(uint256 indexed taskId, uint256 amount);

    /// @notice A sign-up's lock became free stake of its operator again.
    event Released(uint256 indexed taskId, address indexed key, address indexed operator, uint256 amount);

    /// @notice A member was convicted, or its seat is released and what the convictions of others add is due.
    /// @param percent share of the lock that is due by now, 1 … 100
    /// @param amount taken from the lock of (task, key), token wei
    /// @param reporter who brought the proof; 0 at release
    /// @param credit part of `amount` that is credited to the reporter; the rest is burnt
    event Penalised(
        uint256 indexed taskId,
        uint8 indexed member,
        address indexed key,
        address operator,
        uint8 percent,
        uint128 amount,
        address reporter,
        uint128 credit
    );

    /// @notice The task's status does not allow this.
    /// @param allowed bit s set: status s would be accepted
    error StatusNotAllowed(uint256 taskId, Status current, uint256 allowed);

    /// @notice A provable task needs a contract at `twin`.
    error TwinHasNoCode(address twin);

    /// @notice Who signs up agrees to other terms than this task has.
    /// @param given the terms hash of the call
    /// @param expected the task's
    error OtherTerms(uint256 taskId, bytes32 given, bytes32 expected);

    /// @notice The task takes no more sign-ups.
    error TaskFull(uint256 signups, uint256 max);

    /// @notice The operator has as many sign-ups as one operator may have: ⌊(maxNodes − 1) / 3⌋.
    error OperatorCap(address operator, uint256 signups, uint256 max);

    /// @notice The key is not signed up for the task.
    error NotSignedUp(uint256 taskId, address key);

    /// @notice Sign-ups whose keys were active at `joinDeadline` do not make a cluster of `minNodes` in which no operator has
    /// 1/3.
    error TooFewMembers(uint256 seats, uint256 minNodes);

    /// @notice The chain does not serve the hash of this block: too old, not mined yet, or a chain that serves none.
    error NoBlockHash(uint256 blockNumber);

    /// @notice The header is not that of this block.
    /// @param given keccak(header)
    /// @param expected the block's hash
    error NotTheHeader(uint256 blockNumber, bytes32 given, bytes32 expected);

    /// @notice Not an RLP list that begins like a block header.
    /// @param offset first byte that does not fit
    error MalformedHeader(uint256 offset);

    /// @notice The block's mixHash is 0: the chain has no randomness.
    error NoRandomness(uint256 blockNumber);

    /// @notice The block is not the first that has reached both a block number and a second.
    /// @param blockNumber its number
    /// @param timestamp its own time, unix seconds, if it is too early; that of its parent if it is too late
    /// @param number the number to reach
    /// @param time the second to reach
    error NotTheFirst(uint256 blockNumber, uint256 timestamp, uint256 number, uint256 time);

    /// @notice The client revoked the task before.
    error AlreadyRevoked(uint256 taskId, uint256 revokedBlock);

    /// @notice One event per task and block.
    error OneEventPerBlock(uint256 blockNumber);

    /// @notice All events of the task were posted.
    error NoMoreEvents(uint256 posted, uint256 max);

    /// @notice More heights may still be accepted, so there is no result yet.
    error NotFinal(uint256 last, uint256 limit);

    /// @notice No height was decided, so there is no result.
    error NothingDecided(uint256 taskId);

    /// @notice The given state is not the one behind the accepted root.
    error NotTheResult(bytes32 given, bytes32 expected);

    /// @notice The result was published before.
    error AlreadyFinalized(uint256 taskId, bytes32 resultHash);

    /// @notice The caller has nothing (more) to claim from the task.
    error NothingToClaim(uint256 taskId, address account);

    /// @notice The proof adds nothing to what the member was convicted of.
    /// @param percent share of the lock that was due at conviction
    error AlreadyConvicted(uint256 taskId, uint8 member, uint8 percent);

    /// @notice Publishes a task and pulls its escrow from the caller.
    /// @dev escrow = rewardPerHeight · heights + checkpointFee · c + formGasPrice · gas of drawing maxNodes seats from
    /// 4 · maxNodes sign-ups, where c is the number of checkpoints that can earn a fee: min(heights, ⌈heights / R⌉ +
    /// pauses), with pauses = ⌊(endBlock + closeGrace − now) / ⌈stallBlocks / 2⌉⌋ or the same in seconds, with `endTime`,
    /// `graceSeconds` and `stallSeconds`, whichever is more. No more fees than c become due. What is not spent returns by `claim`.
    /// @return taskId numbered from 1
    function publish(TaskParams calldata params) external returns (uint256 taskId);

    /// @notice Signs a key up and locks `stakePerNode` of its operator's free stake. By the operator's wallet, or by the key
    /// within its allowance (INodeRegistry.setAllowance); while sign-up is open; at most 4 · maxNodes sign-ups.
    /// @dev The hash binds who signs up to what was looked at: a task of another client with the same parameters, or a
    /// number that a re-organisation gave to another task, has another hash.
    /// @param termsHash keccak(abi.encode(chain id, this contract, taskId, client, paramsHash, code hash of the twin at
    /// `publish`, 0 without a twin))
    function join(uint256 taskId, address key, bytes32 termsHash) external;

    /// @notice Withdraws a sign-up and its lock. By the key or its operator's wallet, while sign-up is open. The place is free at once;
    /// the last sign-up of the list moves into it.
    /// @dev The list is no longer than the sign-ups that stand: signing up and quitting in turn does not use it up. In the
    /// last 2 · reorgDepth blocks and seedDelaySeconds of sign-up ⌈stakePerNode / 100⌉ of the lock is burnt: who fills a
    /// list and leaves it too late for others pays for each place. Nobody gains by it.
    function quit(uint256 taskId, address key) external;

    /// @notice Draws the cluster. By anyone, after the seed block: the first with a number ≥ joinDeadline + reorgDepth and a
    /// time ≥ joinTime + seedDelaySeconds. The task expires `formWindow` blocks and `graceSeconds` after these two, or with
    /// endBlock and endTime if these are less; there is never a second seed.
    /// @dev Everything that the drawing depends on is fixed at the end of sign-up, before the seed is known: the list, whose
    /// keys were active until then, n, and the cap. What happens to a key later changes no drawing; its seat may be
    /// dead. n is the largest number ≤ maxNodes of seats that can be filled with at most ⌊(n − 1) / 3⌋ seats per operator.
    /// Seats go by rank, ascending, passing over operators at their cap; rank of the sign-up at `index` of the list = upper
    /// 240 bits of keccak(seed ‖ u256 index), then the index. Weight 1 per seat. See IDrawing.
    /// The caller earns formGasPrice · (320,000 + 8,600 · sign-ups + 18,600 · seats), which `claim` pays: the account of
    /// the operator where the caller is its signing key or wallet, else the caller. There is no turn: the caller chooses
    /// nothing, so a faster caller harms nobody but the one whose call comes too late.
    /// @param header RLP header of the seed block; only the fields up to mixHash are read
    /// @param parent RLP header of the block before, which shows that it was too early; not read where the seed block has
    /// the number joinDeadline + reorgDepth
    function form(uint256 taskId, bytes calldata header, bytes calldata parent) external;

    /// @notice Ends a task early. By the client, once.
    /// @dev While sign-up is open the task expires at once, and everything goes back. From then until `form`, `form` stays
    /// possible and earns its fee: members that are drawn are paid one height each and have nothing to do, no height is accepted. While
    /// Active, the task goes over to Finalizing in this block as if it were the end: members keep what they earned, and
    /// at most R more heights are accepted and paid. What is not spent returns to the client by `claim`.
    function revoke(uint256 taskId) external;

    /// @notice Posts a ledger event. By the client or a reporter, one per task and block, at most 1,024 bytes. In a provable
    /// task all of them, 23 bytes more each, are at most 16 KiB, so that a proof of a wrong reduction fits a transaction.
    /// @return seq its number, from 1
    function postEvent(uint256 taskId, bytes calldata data) external returns (uint64 seq);

    /// @notice Publishes the last decided state. By anyone, once no further height can be accepted. No money depends on
    /// it.
    /// @param result canonical bytes of the state after the last height
    /// @param previousRoot root of the height before the last
    /// @param inputsRoot inputs root of the last height
    /// @param inputs list bitmap of the last height
    function finalize(
        uint256 taskId,
        bytes calldata result,
        bytes32 previousRoot,
        bytes32 inputsRoot,
        uint256 inputs
    ) external;

    /// @notice Pays all that a task owes to the caller: as an operator's wallet the rewards and fees of the operator's seats, to
    /// the payout address of its account; the fee for the drawing, to the same address, or to the caller where it drew the
    /// cluster without an account; as client what it did not spend, to itself. After the evidence window; at once if the
    /// task expired.
    /// @dev Nobody claims for another operator: who could would choose the moment, just before a wallet replaces a payout
    /// address that is lost. A seat earns ⌊rewardPerHeight · covered heights · w / W⌋ + ⌊checkpointFee · feeUnits / W⌋: rounded down, in
    /// favour of what is burnt. A convicted seat earns nothing; the fee for the drawing is not a seat's, and is paid. The
    /// client has spent rewardPerHeight for each accepted height, checkpointFee for each checkpoint for which a fee was due,
    /// and the fee for the drawing. What nobody earned of that is burnt: the first claim of a task books it, even if it pays
    /// its caller nothing.
    /// @return amount token wei paid
    function claim(uint256 taskId) external returns (uint256 amount);

    /// @notice Turns a sign-up's lock into free stake again. By anyone, the stake goes to the operator. Seats: after the
    /// evidence window. Sign-ups that were not drawn: after `form`. All: at once if the task expired.
    /// @dev From the lock of a member convicted of E1, E1b or E2 first what the convictions of others add is burnt: its
    /// share is at least ⌊5 · (1 + 3 · weight of the others convicted of these in the task / W)⌋ %, below 20 %.
    function release(uint256 taskId, address key) external;

    /// @notice Takes what a conviction makes due from the lock of (task, key of the member), as `INodeRegistry.slash` says,
    /// refuses the key in new tasks, and all keys of its operator for `jail` and `jailSeconds`. Moves no token. Only the slasher; from
    /// `form` to the end of the evidence window.
    /// @dev Of several convictions the largest share counts, ⌈lock · percent / 100⌉ of the lock as it was at `join`.
    /// @param offence what was proved (ISlasher.Offence), for the ledger
    /// @param percent base share of the lock, 1 … 100
    /// @param correlated the share may grow by the convictions of others, at `release`
    /// @param reporter who is credited: its account where it is an operator's wallet
    function penalise(
        uint256 taskId,
        uint8 member,
        uint8 offence,
        uint8 percent,
        bool correlated,
        address reporter
    ) external;

    /// @notice The task's status, and the moment at which it closed or expired (0 while it is running).
    function statusOf(uint256 taskId) external view returns (Status status, Moment memory closedAt);

    /// @notice First moment at which `claim`, and `release` of a seat, are accepted, and evidence no more; 0 while the task is
    /// running.
    function claimsOpenAt(uint256 taskId) external view returns (Moment memory);

    /// @notice The task as stored.
    function task(uint256 taskId) external view returns (TaskView memory);

    /// @notice Keys signed up. The list is final once sign-up has ended; a key's place in it decides its rank.
    function signupsOf(uint256 taskId) external view returns (address[] memory keys);

    /// @notice What a member was convicted of.
    /// @param percent share of the lock that was due at conviction; 0 = not convicted
    /// @param correlated convicted of E1, E1b or E2
    function convictionOf(
        uint256 taskId,
        uint8 member
    ) external view returns (uint8 percent, bool correlated);

    /// @notice By what the results of a task can be recomputed on chain.
    /// @param paramsHash keccak(abi.encode(params))
    /// @param twinCodeHash code hash of the twin at `publish`; 0 without a twin
    /// @param seed the cluster's; 0 without a twin and before `form`
    function reductionOf(
        uint256 taskId
    ) external view returns (bytes32 paramsHash, bytes32 twinCodeHash, bytes32 seed);

    /// @notice What clients spent and nobody earned, token wei. Nothing pays it out. Slashed stake is burnt in
    /// INodeRegistry, which has a book of its own.
    function burnt() external view returns (uint256);

    /// @notice Number of tasks published.
    function tasks() external view returns (uint256);

    /// @notice The contract that draws, built by the board.
    function drawing() external view returns (address);

    /// @notice The contract that says which tasks are taken, built by the board.
    function admission() external view returns (address);

    /// @notice Blocks after a seed block in which `form` is accepted: 8,191 where the chain serves hashes as EIP-2935 says,
    /// else 256.
    function formWindow() external view returns (uint256);

    /// @notice The deployment's windows.
    function windows() external view returns (Windows memory);

    /// @notice The one token of this deployment.
    function token() external view returns (address);

    /// @notice The registry that holds the stake.
    function registry() external view returns (address);

    /// @notice The log that accepts the checkpoints.
    function log() external view returns (address);

    /// @notice The contract that takes evidence.
    function slasher() external view returns (address);
}
