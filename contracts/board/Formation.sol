// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {TaskClock} from "./TaskClock.sol";
import {NotAllowed} from "../interfaces/Errors.sol";
import {IDrawing} from "../interfaces/IDrawing.sol";
import {IPhaseLog} from "../interfaces/IPhaseLog.sol";
import {ITaskBoard} from "../interfaces/ITaskBoard.sol";
import {Convictions} from "../libraries/Convictions.sol";
import {Digests} from "../libraries/Digests.sol";
import {Draw} from "../libraries/Draw.sol";
import {ExactTransfer} from "../libraries/ExactTransfer.sol";
import {Moment, Moments} from "../libraries/Moments.sol";
import {Snapshot} from "../libraries/Snapshot.sol";
import {TaskBounds} from "../libraries/TaskBounds.sol";
import {TaskStatus} from "../libraries/TaskStatus.sol";

/// @title A task from its publication to its cluster
abstract contract Formation is TaskClock {
    using Convictions for mapping(uint256 word => uint256 convictions);
    using ExactTransfer for IERC20;
    using Moments for Moment;

    /// @dev Per listed member: u8 member, u64 eventSeq, u16 length; per height: u8 count.
    uint256 private constant INPUT_OVERHEAD = 11;

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
        if (t.formGasPrice != 0) {
            t.former = _accountFor(msg.sender);
            emit FormFeeEarned(taskId, t.former, _formFee(t));
        }
        _LOG.open(taskId, _terms(t, cluster));
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
        t.formGasPrice = p.formGasPrice;
    }

    /// @dev Who earns what a caller does: the account whose key or wallet it is, else itself.
    function _accountFor(address caller) private view returns (address account) {
        account = _REGISTRY.keyOwner(caller);
        if (account == address(0)) account = _REGISTRY.accountOf(caller);
        if (account == address(0)) account = caller;
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
