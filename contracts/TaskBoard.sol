// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Formation} from "./board/Formation.sol";
import {Settlement} from "./board/Settlement.sol";
import {BoardState} from "./board/BoardState.sol";
import {NotAllowed, OutOfBounds} from "./interfaces/Errors.sol";
import {INodeRegistry} from "./interfaces/INodeRegistry.sol";
import {IPhaseLog} from "./interfaces/IPhaseLog.sol";
import {ISlasher} from "./interfaces/ISlasher.sol";
import {ITaskBoard} from "./interfaces/ITaskBoard.sol";
import {Digests} from "./libraries/Digests.sol";
import {TaskBounds} from "./libraries/TaskBounds.sol";
import {TaskStatus} from "./libraries/TaskStatus.sol";

/// @title TaskBoard
/// @notice See ITaskBoard, which is the specification.
contract TaskBoard is Formation, Settlement {
    /// @dev Kind of a ledger event: posted by the client or a reporter.
    uint8 private constant POSTED = 0;

    /// @dev Reverts unless the other contracts were built for this one; see BoardState.
    constructor(
        INodeRegistry registry_,
        IPhaseLog log_,
        ISlasher slasher_,
        Windows memory w
    ) BoardState(registry_, log_, slasher_, w) {}

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
                t.former,
                uint128(_formFee(t)),
                t.stakePerNode,
                t.resultHash
            );
    }

    /// @inheritdoc ITaskBoard
    function signupsOf(uint256 taskId) external view override returns (address[] memory keys) {
        return _tasks[taskId].signups;
    }

    /// @inheritdoc ITaskBoard
    function reductionOf(
        uint256 taskId
    ) external view override returns (bytes32 paramsHash, bytes32 twinCodeHash, bytes32 seed) {
        Twin storage twin = _twins[taskId];
        return (_tasks[taskId].paramsHash, twin.codeHash, twin.seed);
    }
}
