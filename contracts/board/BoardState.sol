// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {Admission} from "../Admission.sol";
import {Drawing} from "../Drawing.sol";
import {NotWired, OutOfBounds} from "../interfaces/Errors.sol";
import {IAdmission} from "../interfaces/IAdmission.sol";
import {IDrawing} from "../interfaces/IDrawing.sol";
import {INodeRegistry} from "../interfaces/INodeRegistry.sol";
import {IPhaseLog} from "../interfaces/IPhaseLog.sol";
import {ISlasher} from "../interfaces/ISlasher.sol";
import {ITaskBoard} from "../interfaces/ITaskBoard.sol";
import {ReentrancyGuard} from "../libraries/ReentrancyGuard.sol";
import {TaskBounds} from "../libraries/TaskBounds.sol";

/// @title What the task board keeps, and the contracts it is wired to
abstract contract BoardState is ITaskBoard, ReentrancyGuard {
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
        uint40 revokedTime;
        uint136 claimed;
        bool settled;
        uint16 inputCap;
        uint40 joinTime;
        uint40 endTime;
        uint16 feesMax;
        uint32 stallSeconds;
        uint64 formGasPrice;
        address former;
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

    uint256 private constant JAIL_MAX = type(uint32).max;

    INodeRegistry internal immutable _REGISTRY;
    IPhaseLog internal immutable _LOG;
    ISlasher internal immutable _SLASHER;
    IDrawing internal immutable _DRAWING;
    IAdmission internal immutable _ADMISSION;
    IERC20 internal immutable _TOKEN;
    uint64 internal immutable _TASK_BLOCKS_MAX;
    uint64 internal immutable _CLOSE_GRACE;
    uint64 internal immutable _EVIDENCE;
    uint64 internal immutable _REORG_DEPTH;
    uint64 internal immutable _JAIL;
    uint64 internal immutable _TASK_SECONDS_MAX;
    uint64 internal immutable _GRACE_SECONDS;
    uint64 internal immutable _EVIDENCE_SECONDS;
    uint64 internal immutable _SEED_DELAY_SECONDS;
    uint64 internal immutable _JAIL_SECONDS;
    uint256 internal immutable _FORM_WINDOW;

    /// @inheritdoc ITaskBoard
    uint256 public override tasks;
    /// @inheritdoc ITaskBoard
    uint256 public override burnt;

    mapping(uint256 taskId => Task) internal _tasks;
    mapping(uint256 taskId => mapping(address operator => uint256 signups)) internal _signupsBy;
    mapping(uint256 taskId => mapping(address account => bool allowed)) internal _reporters;
    mapping(uint256 taskId => Twin) internal _twins;

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

    /// @dev Burns a part of a lock that nobody reported. What is still locked.
    function _slash(uint256 taskId, address key, uint128 amount) internal returns (uint128 left) {
        (left, ) = _REGISTRY.slash(taskId, key, amount, address(0));
    }

    /// @dev What the drawing earned; 0 before it, and where it earns nothing.
    function _formFee(Task storage t) internal view returns (uint256) {
        if (t.former == address(0)) return 0;
        return t.formGasPrice * TaskBounds.formGas(t.signups.length, t.members);
    }
}
