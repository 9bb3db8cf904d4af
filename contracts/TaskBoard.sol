// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Admission} from "./Admission.sol";
import {Drawing} from "./Drawing.sol";
import {NotAllowed, NotWired, OutOfBounds, TooEarly, TooLate} from "./interfaces/Errors.sol";
import {IAdmission} from "./interfaces/IAdmission.sol";
import {IDrawing} from "./interfaces/IDrawing.sol";
import {INodeRegistry} from "./interfaces/INodeRegistry.sol";
import {IPhaseLog} from "./interfaces/IPhaseLog.sol";
import {ISlasher} from "./interfaces/ISlasher.sol";
import {ITaskBoard} from "./interfaces/ITaskBoard.sol";
import {Convictions} from "./libraries/Convictions.sol";
import {Digests} from "./libraries/Digests.sol";
import {Draw} from "./libraries/Draw.sol";
import {ExactTransfer} from "./libraries/ExactTransfer.sol";
import {Moment, Moments} from "./libraries/Moments.sol";
import {ReentrancyGuard} from "./libraries/ReentrancyGuard.sol";
import {Snapshot} from "./libraries/Snapshot.sol";
import {StakeMath} from "./libraries/StakeMath.sol";
import {TaskBounds} from "./libraries/TaskBounds.sol";
import {TaskStatus} from "./libraries/TaskStatus.sol";

/// @title TaskBoard
/// @notice See ITaskBoard, which is the specification.
contract TaskBoard is ITaskBoard, ReentrancyGuard {
    using Convictions for uint256;
    using Convictions for mapping(uint256 word => uint256 convictions);
    using SafeERC20 for IERC20;
    using ExactTransfer for IERC20;
    using Moments for Moment;
    using Snapshot for bytes;

    /// @dev What a checkpoint needs, and the cluster's digest, is handed to the log by `form`. 40 bits hold every block
    /// number and second that the windows, which the unbonding time keeps below 2^32, allow. `heights` is 0 once the cluster of a
    /// task was drawn that had been revoked.
    struct Task {
        mapping(uint256 word => uint256 convictions) convictions;
        address snapshot;
        uint40 formBlock;
        uint16 eventsPosted;
        uint8 minNodes;
        uint8 maxNodes;
        uint16 heights;
        uint16 epochHeights;
        uint16 stateCap;
        uint16 maxEvents;
        uint40 joinDeadline;
        uint40 endBlock;
        uint32 stallBlocks;
        uint32 turnBlocks;
        uint8 members;
        bool calldataInputs;
        bool provable;
        uint40 revokedBlock;
        address client;
        uint40 lastEventBlock;
        uint16 eventBytes;
        uint136 claimed;
        bool settled;
        uint16 inputCap;
        uint40 joinTime;
        uint40 endTime;
        uint32 stallSeconds;
        uint40 revokedTime;
        uint16 feesMax;
        bytes32 paramsHash;
        uint128 stakePerNode;
        uint128 rewardPerHeight;
        uint128 checkpointFee;
        uint128 escrow;
        bytes32 resultHash;
        address[] signups;
    }

    /// @dev What a provable task needs for a verdict about its results.
    struct Twin {
        bytes32 codeHash;
        bytes32 seed;
    }

    /// @dev Bit of `claimed` that stands for the client; seats are 0 … 127.
    uint256 private constant CLIENT_BIT = 128;
    /// @dev Per listed member: u8 member, u64 eventSeq, u16 length; per height: u8 count.
    uint256 private constant INPUT_OVERHEAD = 11;
    /// @dev Heights that the members are paid who were drawn for a task that the client had revoked.
    uint256 private constant IDLE_HEIGHTS = 1;
    /// @dev Kinds of ledger events.
    uint8 private constant POSTED = 0;
    uint8 private constant SYSTEM = 1;
    uint256 private constant JAIL_MAX = type(uint32).max;

    INodeRegistry private immutable _REGISTRY;
    IPhaseLog private immutable _LOG;
    ISlasher private immutable _SLASHER;
    IDrawing private immutable _DRAWING;
    IAdmission private immutable _ADMISSION;
    IERC20 private immutable _TOKEN;
    uint64 private immutable _TASK_BLOCKS_MAX;
    uint64 private immutable _CLOSE_GRACE;
    uint64 private immutable _EVIDENCE;
    uint64 private immutable _REORG_DEPTH;
    uint64 private immutable _JAIL;
    uint64 private immutable _TASK_SECONDS_MAX;
    uint64 private immutable _GRACE_SECONDS;
    uint64 private immutable _EVIDENCE_SECONDS;
    uint64 private immutable _SEED_DELAY_SECONDS;
    uint64 private immutable _JAIL_SECONDS;
    uint256 private immutable _FORM_WINDOW;

    /// @inheritdoc ITaskBoard
    uint256 public override tasks;
    /// @inheritdoc ITaskBoard
    uint256 public override burnt;

    mapping(uint256 taskId => Task) private _tasks;
    mapping(uint256 taskId => mapping(address operator => uint256 signups)) private _signupsBy;
    mapping(uint256 taskId => mapping(address account => bool allowed)) private _reporters;
    mapping(uint256 taskId => Twin) private _twins;

    /// @dev Reverts unless registry, log and slasher were built for this very address and the slasher for that log, and
    /// stake leaves the registry more slowly than a task and its windows take.
    constructor(INodeRegistry registry_, IPhaseLog log_, ISlasher slasher_, Windows memory w) {
        if (registry_.board() != address(this)) revert NotWired(registry_.board(), address(this));
        if (log_.board() != address(this)) revert NotWired(log_.board(), address(this));
        if (slasher_.board() != address(this)) revert NotWired(slasher_.board(), address(this));
        if (slasher_.log() != address(log_)) revert NotWired(slasher_.log(), address(log_));
        if (w.jail == 0 || w.jail > JAIL_MAX) revert OutOfBounds("jail", w.jail, 1, JAIL_MAX);
        if (w.jailSeconds > JAIL_MAX) revert OutOfBounds("jailSeconds", w.jailSeconds, 0, JAIL_MAX);
        if (w.reorgDepth == 0) revert OutOfBounds("reorgDepth", 0, 1, type(uint64).max);
        uint256 sum = uint256(w.taskBlocksMax) + w.closeGrace + w.evidence + w.reorgDepth;
        uint256 unbonding = registry_.unbondingBlocks();
        if (unbonding <= sum) revert OutOfBounds("unbonding", unbonding, sum + 1, type(uint64).max);
        sum = uint256(w.taskSecondsMax) + w.graceSeconds + w.evidenceSeconds + w.seedDelaySeconds;
        unbonding = registry_.unbondingSeconds();
        if (unbonding < sum) revert OutOfBounds("unbondingSeconds", unbonding, sum, type(uint64).max);

        _REGISTRY = registry_;
        _LOG = log_;
        _SLASHER = slasher_;
        _DRAWING = new Drawing(registry_);
        _ADMISSION = new Admission();
        _TOKEN = IERC20(registry_.token());
        _TASK_BLOCKS_MAX = w.taskBlocksMax;
        _CLOSE_GRACE = w.closeGrace;
        _EVIDENCE = w.evidence;
        _REORG_DEPTH = w.reorgDepth;
        _JAIL = w.jail;
        _TASK_SECONDS_MAX = w.taskSecondsMax;
        _GRACE_SECONDS = w.graceSeconds;
        _EVIDENCE_SECONDS = w.evidenceSeconds;
        _SEED_DELAY_SECONDS = w.seedDelaySeconds;
        _JAIL_SECONDS = w.jailSeconds;
        _FORM_WINDOW = _DRAWING.formWindow();
    }

    /// @inheritdoc ITaskBoard
    function publish(TaskParams calldata p) external override nonReentrant returns (uint256 taskId) {
        (uint128 escrow, uint16 feesMax) = _ADMISSION.admit(p, windows(), tasks);
        bytes32 paramsHash = keccak256(abi.encode(p));

        taskId = ++tasks;
        Task storage t = _tasks[taskId];
        t.client = msg.sender;
        t.paramsHash = paramsHash;
        t.escrow = escrow;
        t.feesMax = feesMax;
        _store(t, p);
        if (p.twin != address(0)) _twins[taskId].codeHash = p.twin.codehash;
        for (uint256 i = 0; i < p.reporters.length; ++i) _reporters[taskId][p.reporters[i]] = true;
        emit TaskPublished(taskId, msg.sender, paramsHash, p);
        _TOKEN.pull(msg.sender, escrow);
    }

    /// @inheritdoc ITaskBoard
    function join(uint256 taskId, address key, bytes32 termsHash) external override nonReentrant {
        Task storage t = _requireSignup(taskId);
        _requireTerms(taskId, t, termsHash);
        address operator = _requireKeyOrOperator(key);
        uint256 max = TaskBounds.SIGNUPS_PER_SEAT * t.maxNodes;
        if (t.signups.length >= max) revert TaskFull(t.signups.length, max);
        uint256 cap = Draw.operatorCap(t.maxNodes);
        uint256 held = _signupsBy[taskId][operator];
        if (held >= cap) revert OperatorCap(operator, held, cap);

        _signupsBy[taskId][operator] = held + 1;
        t.signups.push(key);
        emit Joined(taskId, key, operator);
        _REGISTRY.lock(taskId, key, t.stakePerNode, msg.sender == key);
    }

    /// @inheritdoc ITaskBoard
    function quit(uint256 taskId, address key) external override nonReentrant {
        Task storage t = _requireSignup(taskId);
        address operator = _requireKeyOrOperator(key);
        uint256 count = t.signups.length;
        uint256 i = 0;
        while (i < count && t.signups[i] != key) ++i;
        if (i == count) revert NotSignedUp(taskId, key);

        --_signupsBy[taskId][operator];
        t.signups[i] = t.signups[count - 1];
        t.signups.pop();
        uint128 late = TaskBounds.lateQuit(t.stakePerNode, _signedUp(t), _REORG_DEPTH, _SEED_DELAY_SECONDS);
        emit Left(taskId, key, operator, late);
        if (late == 0 || _slash(taskId, key, late) != 0) _REGISTRY.unlock(taskId, key);
    }

    /// @inheritdoc ITaskBoard
    function form(uint256 taskId, bytes calldata header, bytes calldata parent) external override {
        Task storage t = _requireStatus(taskId, TaskStatus.OPEN);
        Moment memory seedAt = _seedAt(t);
        _requireReached(seedAt.plus(1, 0));
        (bytes32 seed, address[] memory keys, address[] memory operators) = _DRAWING.draw(
            IDrawing.Terms(taskId, _signedUp(t), seedAt, t.minNodes, t.maxNodes),
            t.signups,
            header,
            parent
        );
        uint16[] memory weights = new uint16[](keys.length);
        for (uint256 i = 0; i < keys.length; ++i) weights[i] = 1;
        bytes memory members = Snapshot.encode(keys, operators, weights);
        bytes32 snapshotHash = keccak256(members);
        bytes32 cluster = Digests.clusterOf(taskId, t.paramsHash, snapshotHash, seed);

        address pointer = Snapshot.write(members);
        if (t.revokedBlock != 0) t.heights = 0;
        t.convictions.open(keys.length);
        if (t.provable) _twins[taskId].seed = seed;
        t.snapshot = pointer;
        t.formBlock = uint40(block.number);
        t.members = uint8(keys.length);
        emit ClusterFormed(taskId, cluster, seed, snapshotHash, pointer, keys, operators, weights);
        _LOG.open(taskId, _terms(t, cluster));
    }

    /// @inheritdoc ITaskBoard
    function revoke(uint256 taskId) external override {
        Task storage t = _requireStatus(taskId, TaskStatus.OPEN | TaskStatus.ACTIVE);
        if (msg.sender != t.client) revert NotAllowed(msg.sender, t.client);
        if (t.revokedBlock != 0) revert AlreadyRevoked(taskId, t.revokedBlock);

        (t.revokedBlock, t.revokedTime) = (uint40(block.number), uint40(block.timestamp));
        emit TaskRevoked(taskId);
        if (t.formBlock != 0) _LOG.end(taskId);
    }

    /// @inheritdoc ITaskBoard
    function postEvent(uint256 taskId, bytes calldata data) external override returns (uint64 seq) {
        Task storage t = _requireStatus(taskId, TaskStatus.OPEN | TaskStatus.ACTIVE);
        if (msg.sender != t.client && !_reporters[taskId][msg.sender]) {
            revert NotAllowed(msg.sender, t.client);
        }
        if (data.length > TaskBounds.EVENT_BYTES_MAX) {
            revert OutOfBounds("data", data.length, 0, TaskBounds.EVENT_BYTES_MAX);
        }
        if (t.eventsPosted == t.maxEvents) revert NoMoreEvents(t.eventsPosted, t.maxEvents);
        if (t.lastEventBlock == block.number) revert OneEventPerBlock(block.number);
        if (t.provable) t.eventBytes = TaskBounds.addEvent(t.eventBytes, data.length);

        ++t.eventsPosted;
        t.lastEventBlock = uint40(block.number);
        seq = _LOG.noteEvent(taskId, POSTED, msg.sender, keccak256(data));
        emit LedgerEvent(taskId, seq, msg.sender, data);
    }

    /// @inheritdoc ITaskBoard
    function finalize(
        uint256 taskId,
        bytes calldata result,
        bytes32 previousRoot,
        bytes32 inputsRoot,
        uint256 inputs
    ) external override {
        Task storage t = _requireStatus(taskId, TaskStatus.FINALIZING | TaskStatus.OVER);
        if (t.resultHash != 0) revert AlreadyFinalized(taskId, t.resultHash);
        IPhaseLog.Head memory h = _LOG.head(taskId);
        if (h.last == 0) revert NothingDecided(taskId);
        uint64 limit = _LOG.limitOf(taskId);
        if (h.last < limit) revert NotFinal(h.last, limit);
        if (result.length > t.stateCap) revert OutOfBounds("result", result.length, 0, t.stateCap);
        bytes32 stateHash = keccak256(result);
        bytes32 eventsHash = _LOG.eventsHash(taskId, h.eventSeq);
        bytes32 value = Digests.value(stateHash, inputsRoot, inputs, h.eventSeq, eventsHash);
        bytes32 root = Digests.nextRoot(previousRoot, value);
        if (root != h.root) revert NotTheResult(root, h.root);

        t.resultHash = stateHash;
        emit TaskFinalized(taskId, h.last, stateHash, result);
    }

    /// @inheritdoc ITaskBoard
    function claim(uint256 taskId) external override nonReentrant returns (uint256 amount) {
        Task storage t = _requireStatus(taskId, TaskStatus.OVER | TaskStatus.EXPIRED);
        _requireClaimsOpen(taskId);
        address operator = _REGISTRY.accountOf(msg.sender);
        (uint256 earned, uint256 spent, uint256 lost, uint256 claimed) = _owed(taskId, t, operator);
        uint256 rest = 0;
        if (msg.sender == t.client && (claimed >> CLIENT_BIT) == 0) {
            rest = t.escrow - spent;
            claimed |= 1 << CLIENT_BIT;
        }
        if (t.settled) lost = 0;
        amount = earned + rest;
        if (amount + lost == 0) revert NothingToClaim(taskId, msg.sender);

        t.claimed = uint136(claimed);
        t.settled = true;
        if (lost != 0) {
            burnt += lost;
            emit Burnt(taskId, lost);
        }
        if (earned != 0) {
            address to = _REGISTRY.payoutOf(operator);
            emit Claimed(taskId, operator, to, earned);
            _TOKEN.safeTransfer(to, earned);
        }
        if (rest != 0) {
            emit Refunded(taskId, msg.sender, rest);
            _TOKEN.safeTransfer(msg.sender, rest);
        }
    }

    /// @inheritdoc ITaskBoard
    function release(uint256 taskId, address key) external override nonReentrant {
        Task storage t = _requireStatus(
            taskId,
            TaskStatus.ACTIVE | TaskStatus.FINALIZING | TaskStatus.OVER | TaskStatus.EXPIRED
        );
        bytes memory members = Snapshot.read(t.snapshot);
        uint256 seat = members.seatOf(key);
        if (seat < members.count()) {
            _requireStatus(taskId, TaskStatus.OVER);
            _requireClaimsOpen(taskId);
            if (_takeCorrelated(taskId, t, members, seat)) return;
        }
        (address operator, uint128 amount) = _REGISTRY.unlock(taskId, key);
        emit Released(taskId, key, operator, amount);
    }

    /// @inheritdoc ITaskBoard
    function penalise(
        uint256 taskId,
        uint8 member,
        uint8 offence,
        uint8 percent,
        bool correlated,
        address reporter
    ) external override nonReentrant {
        if (msg.sender != address(_SLASHER)) revert NotAllowed(msg.sender, address(_SLASHER));
        Task storage t = _requireEvidenceOpen(taskId);
        bytes memory members = Snapshot.read(t.snapshot);
        address key = members.key(member);
        (uint256 before, uint256 convicted) = t.convictions.convict(member, percent, correlated);
        (uint256 percentBefore, uint256 percentNow) = (before.percentOf(), convicted.percentOf());
        if (convicted == before) revert AlreadyConvicted(taskId, member, uint8(percentBefore));
        uint128 amount = _newlyDue(t, percentBefore, percentNow);
        uint128 credit = 0;
        if (amount != 0) (, credit) = _REGISTRY.slash(taskId, key, amount, reporter);
        _REGISTRY.jail(key, uint40(block.number + _JAIL), uint40(block.timestamp + _JAIL_SECONDS));
        emit Penalised(
            taskId,
            member,
            key,
            members.operator(member),
            uint8(percentNow),
            amount,
            reporter,
            credit
        );
        if (Convictions.isNews(percentBefore, percent)) {
            bytes memory entry = abi.encodePacked(member, offence, percent);
            emit SystemEntry(taskId, _LOG.noteEvent(taskId, SYSTEM, address(0), keccak256(entry)), entry);
        }
    }

    /// @inheritdoc ITaskBoard
    function claimsOpenAt(uint256 taskId) external view override returns (Moment memory opensAt) {
        (, opensAt) = _standing(taskId);
    }

    /// @inheritdoc ITaskBoard
    function task(uint256 taskId) external view override returns (TaskView memory) {
        Task storage t = _tasks[taskId];
        return
            TaskView(
                t.client,
                t.paramsHash,
                _LOG.identityOf(taskId).cluster,
                t.snapshot,
                t.members,
                uint16(t.signups.length),
                t.formBlock,
                t.eventsPosted,
                t.revokedBlock,
                t.escrow,
                t.stakePerNode,
                t.resultHash
            );
    }

    /// @inheritdoc ITaskBoard
    function signupsOf(uint256 taskId) external view override returns (address[] memory keys) {
        return _tasks[taskId].signups;
    }

    /// @inheritdoc ITaskBoard
    function convictionOf(
        uint256 taskId,
        uint8 member
    ) external view override returns (uint8 percent, bool correlated) {
        if (member >= _tasks[taskId].members) return (0, false);
        uint256 convicted = _tasks[taskId].convictions.get(member);
        return (uint8(convicted.percentOf()), convicted.isCorrelated());
    }

    /// @inheritdoc ITaskBoard
    function reductionOf(
        uint256 taskId
    ) external view override returns (bytes32 paramsHash, bytes32 twinCodeHash, bytes32 seed) {
        Twin storage twin = _twins[taskId];
        return (_tasks[taskId].paramsHash, twin.codeHash, twin.seed);
    }

    /// @inheritdoc ITaskBoard
    function token() external view override returns (address) {
        return address(_TOKEN);
    }

    /// @inheritdoc ITaskBoard
    function registry() external view override returns (address) {
        return address(_REGISTRY);
    }

    /// @inheritdoc ITaskBoard
    function log() external view override returns (address) {
        return address(_LOG);
    }

    /// @inheritdoc ITaskBoard
    function slasher() external view override returns (address) {
        return address(_SLASHER);
    }

    /// @inheritdoc ITaskBoard
    function drawing() external view override returns (address) {
        return address(_DRAWING);
    }

    /// @inheritdoc ITaskBoard
    function admission() external view override returns (address) {
        return address(_ADMISSION);
    }

    /// @inheritdoc ITaskBoard
    function formWindow() external view override returns (uint256) {
        return _FORM_WINDOW;
    }

    /// @inheritdoc ITaskBoard
    function windows() public view override returns (Windows memory) {
        return
            Windows(
                _TASK_BLOCKS_MAX,
                _CLOSE_GRACE,
                _EVIDENCE,
                _REORG_DEPTH,
                _JAIL,
                _TASK_SECONDS_MAX,
                _GRACE_SECONDS,
                _EVIDENCE_SECONDS,
                _SEED_DELAY_SECONDS,
                _JAIL_SECONDS
            );
    }

    /// @inheritdoc ITaskBoard
    function statusOf(uint256 taskId) public view override returns (Status status, Moment memory closedAt) {
        Task storage t = _tasks[taskId];
        if (t.formBlock != 0) return _LOG.statusOf(taskId);
        if (t.client == address(0)) return (Status.None, closedAt);
        return
            TaskStatus.beforeForm(
                _signedUp(t),
                _seedAt(t).plus(_FORM_WINDOW + 1, _GRACE_SECONDS).floor(Moment(t.endBlock, t.endTime)),
                Moment(t.revokedBlock, t.revokedTime),
                t.signups.length >= t.minNodes
            );
    }

    function _store(Task storage t, TaskParams calldata p) private {
        t.minNodes = p.minNodes;
        t.maxNodes = p.maxNodes;
        t.heights = p.heights;
        t.epochHeights = p.epochHeights;
        t.stateCap = p.stateCap;
        t.inputCap = p.inputCap;
        t.maxEvents = p.maxEvents;
        t.joinDeadline = uint40(p.joinDeadline);
        t.endBlock = uint40(p.endBlock);
        t.joinTime = uint40(p.joinTime);
        t.endTime = uint40(p.endTime);
        t.stallSeconds = p.stallSeconds;
        t.stallBlocks = p.stallBlocks;
        t.turnBlocks = p.turnBlocks;
        t.calldataInputs = p.calldataInputs;
        t.provable = p.twin != address(0);
        t.stakePerNode = p.stakePerNode;
        t.rewardPerHeight = p.rewardPerHeight;
        t.checkpointFee = p.checkpointFee;
    }

    /// @dev Burns a part of a lock that nobody reported. What is still locked.
    function _slash(uint256 taskId, address key, uint128 amount) private returns (uint128 left) {
        (left, ) = _REGISTRY.slash(taskId, key, amount, address(0));
    }

    /// @dev Takes what the convictions of others add to a seat's own. Whether nothing of the lock is left.
    function _takeCorrelated(
        uint256 taskId,
        Task storage t,
        bytes memory members,
        uint256 seat
    ) private returns (bool) {
        uint256 percent = t.convictions.finalPercent(members, seat);
        uint128 amount = _newlyDue(t, t.convictions.get(seat).percentOf(), percent);
        if (amount == 0) return false;
        (address key, address operator) = (members.key(seat), members.operator(seat));

        emit Penalised(taskId, uint8(seat), key, operator, uint8(percent), amount, address(0), 0);
        if (_slash(taskId, key, amount) != 0) return false;
        emit Released(taskId, key, operator, 0);
        return true;
    }

    /// @dev What `account` has earned and not claimed, 0 for nobody's; what the accepted heights and the fees that were due cost the
    /// client; what of that nobody earned; the claims once `account` is paid. Rounded down for members; convicted ones
    /// earn nothing.
    function _owed(
        uint256 taskId,
        Task storage t,
        address account
    ) private view returns (uint256 earned, uint256 spent, uint256 lost, uint256 claimed) {
        claimed = t.claimed;
        if (t.formBlock == 0) return (0, 0, 0, claimed);
        bytes memory members = Snapshot.read(t.snapshot);
        uint256 total = members.totalWeight();
        (uint256 last, uint256 feesDue, uint16[] memory missed, uint32[] memory feeUnits) = _LOG.tally(
            taskId
        );
        if (t.heights == 0) last = IDLE_HEIGHTS;
        spent = t.rewardPerHeight * last + t.checkpointFee * feesDue;
        lost = spent;
        for (uint256 i = 0; i < missed.length; ++i) {
            if (t.convictions.get(i).percentOf() != 0) continue;
            uint256 reward = uint256(t.rewardPerHeight) * (last - missed[i]);
            uint256 part =
                StakeMath.portionDown(reward, members.weight(i), total) +
                    StakeMath.portionDown(t.checkpointFee, feeUnits[i], total);
            lost -= part;
            if (members.operator(i) == account && (claimed >> i) & 1 == 0) {
                earned += part;
                claimed |= 1 << i;
            }
        }
    }

    /// @dev What a share of a lock that grew makes due beyond what was due before. In steps or at once, it is as much.
    function _newlyDue(
        Task storage t,
        uint256 percentBefore,
        uint256 percent
    ) private view returns (uint128) {
        if (percent == percentBefore) return 0;
        uint256 lock = t.stakePerNode;
        return uint128(StakeMath.percentUp(lock, percent) - StakeMath.percentUp(lock, percentBefore));
    }

    function _terms(Task storage t, bytes32 cluster) private view returns (IPhaseLog.Terms memory) {
        uint256 inputsMax = t.calldataInputs ? 1 + uint256(t.members) * (INPUT_OVERHEAD + t.inputCap) : 0;
        return
            IPhaseLog.Terms({
                cluster: cluster,
                snapshot: t.snapshot,
                members: t.members,
                heights: t.heights,
                epochHeights: t.epochHeights,
                stallBlocks: t.stallBlocks,
                stallSeconds: t.stallSeconds,
                turnBlocks: t.turnBlocks,
                closeGrace: uint32(_CLOSE_GRACE),
                graceSeconds: uint32(_GRACE_SECONDS),
                endBlock: t.endBlock,
                endTime: t.endTime,
                feesMax: t.feesMax,
                inputsPerHeightMax: uint24(inputsMax)
            });
    }

    /// @dev The end of sign-up: its first moment after.
    function _signedUp(Task storage t) private view returns (Moment memory) {
        return Moment(uint64(t.joinDeadline) + 1, t.joinTime);
    }

    /// @dev When the seed is drawn: late enough after sign-up that nobody can choose who is in.
    function _seedAt(Task storage t) private view returns (Moment memory) {
        return Moment(t.joinDeadline + _REORG_DEPTH, t.joinTime + _SEED_DELAY_SECONDS);
    }

    /// @dev Status, and when claims open and evidence ends; 0 while the task runs.
    function _standing(uint256 taskId) private view returns (Status status, Moment memory opensAt) {
        (status, opensAt) = statusOf(taskId);
        if (opensAt.number == 0 || status == Status.Expired) return (status, opensAt);
        opensAt = opensAt.plus(_EVIDENCE + 1, _EVIDENCE_SECONDS);
    }

    function _requireClaimsOpen(uint256 taskId) private view {
        (, Moment memory opensAt) = _standing(taskId);
        _requireReached(opensAt);
    }

    function _requireReached(Moment memory m) private view {
        if (!m.isReached()) revert TooEarly(block.number, m.number, block.timestamp, m.time);
    }

    /// @dev What ends with the block before `m`, and is not over before the second of `m` either.
    function _requireBefore(Moment memory m) private view {
        if (m.isReached()) revert TooLate(block.number, m.number - 1, block.timestamp, m.time);
    }

    /// @dev The gate of convictions: from the drawing to the end of the evidence window.
    function _requireEvidenceOpen(uint256 taskId) private view returns (Task storage) {
        (Status current, Moment memory opensAt) = _standing(taskId);
        TaskStatus.check(taskId, current, TaskStatus.ACTIVE | TaskStatus.FINALIZING | TaskStatus.OVER);
        if (opensAt.number != 0) _requireBefore(opensAt);
        return _tasks[taskId];
    }

    /// @dev The gate of every call that depends on where a task stands.
    function _requireStatus(uint256 taskId, uint256 allowed) private view returns (Task storage) {
        (Status current, ) = statusOf(taskId);
        TaskStatus.check(taskId, current, allowed);
        return _tasks[taskId];
    }

    function _requireSignup(uint256 taskId) private view returns (Task storage t) {
        t = _requireStatus(taskId, TaskStatus.OPEN);
        _requireBefore(_signedUp(t));
    }

    function _requireTerms(uint256 taskId, Task storage t, bytes32 given) private view {
        bytes32 twinCodeHash = t.provable ? _twins[taskId].codeHash : bytes32(0);
        bytes32 expected = Digests.terms(
            block.chainid,
            address(this),
            taskId,
            t.client,
            t.paramsHash,
            twinCodeHash
        );
        if (given != expected) revert OtherTerms(taskId, given, expected);
    }

    function _requireKeyOrOperator(address key) private view returns (address operator) {
        operator = _REGISTRY.keyOwner(key);
        if (msg.sender == key) return operator;
        address wallet = _REGISTRY.walletOf(operator);
        if (msg.sender != wallet) revert NotAllowed(msg.sender, wallet);
    }
}
