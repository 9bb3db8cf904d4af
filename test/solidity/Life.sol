// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ITaskBoard} from "../../contracts/interfaces/ITaskBoard.sol";
import {AccountHandler} from "./AccountHandler.sol";

/// @title Where a task stands, worked out a second time from what was seen
abstract contract Life is AccountHandler {
    /// @notice Status, and the block at which the task closed or expired (0 while it runs).
    function expectedStatus(uint256 task) public view returns (ITaskBoard.Status, uint256 closedAt) {
        Task storage t = _tasks[task];
        return t.formBlock == 0 ? _beforeForm(t) : _afterForm(t);
    }

    /// @notice First block in which claims are open; 0 while the task runs.
    function expectedClaimsAt(uint256 task) public view returns (uint256) {
        (ITaskBoard.Status status, uint256 closedAt) = expectedStatus(task);
        if (closedAt == 0 || status == ITaskBoard.Status.Expired) return closedAt;
        return closedAt + EVIDENCE + 1;
    }

    function taskCount() public view returns (uint256) {
        return _tasks.length;
    }

    function taskAt(uint256 task) external view returns (Task memory) {
        return _tasks[task];
    }

    function decidedAt(uint256 task, uint256 height) external view returns (Height memory) {
        return _decided[task][height];
    }

    /// @dev The board numbers from 1.
    function _id(uint256 task) internal pure returns (uint256) {
        return task + 1;
    }

    /// @dev A task in this status, looked for from a random one on; `taskCount` if there is none.
    function _find(ITaskBoard.Status status) internal returns (uint256) {
        uint256 count = _tasks.length;
        uint256 start = _pick(count);
        for (uint256 i = 0; i < count; ++i) {
            uint256 task = (start + i) % count;
            (ITaskBoard.Status current, ) = expectedStatus(task);
            if (current == status) return task;
        }
        return count;
    }

    /// @dev A task with a cluster; `taskCount` if there is none.
    function _findFormed() internal returns (uint256) {
        uint256 count = _tasks.length;
        uint256 start = _pick(count);
        for (uint256 i = 0; i < count; ++i) {
            uint256 task = (start + i) % count;
            if (_tasks[task].formBlock != 0) return task;
        }
        return count;
    }

    function _isRunning(uint256 task) internal view returns (bool) {
        (ITaskBoard.Status status, ) = expectedStatus(task);
        return status == ITaskBoard.Status.Active || status == ITaskBoard.Status.Finalizing;
    }

    /// @dev From the drawing to the last block before claims.
    function _isEvidenceOpen(uint256 task) internal view returns (bool) {
        uint256 opensAt = expectedClaimsAt(task);
        return _tasks[task].formBlock != 0 && (opensAt == 0 || block.number < opensAt);
    }

    function _beforeForm(Task storage t) private view returns (ITaskBoard.Status, uint256) {
        uint256 lastBlockToForm = t.joinDeadline + REORG_DEPTH + 256;
        if (lastBlockToForm >= t.endBlock) lastBlockToForm = t.endBlock - 1;
        bool isRevoked = t.revokedBlock != 0 && t.revokedBlock <= t.joinDeadline;
        if (isRevoked) return (ITaskBoard.Status.Expired, t.revokedBlock);
        bool isTooSmall = t.signups < t.minNodes && block.number > t.joinDeadline;
        if (isTooSmall) return (ITaskBoard.Status.Expired, t.joinDeadline + 1);
        if (block.number > lastBlockToForm) return (ITaskBoard.Status.Expired, lastBlockToForm + 1);
        return (ITaskBoard.Status.Open, 0);
    }

    function _afterForm(Task storage t) private view returns (ITaskBoard.Status, uint256) {
        uint256 end = t.endBlock;
        bool isComplete = t.last == t.heights && t.grace == 0;
        if (isComplete) end = t.lastBlock;
        uint256 silence = t.lastBlock + t.stallBlocks;
        if (!isComplete && !t.isCut && silence < end && block.number > silence)
            return (ITaskBoard.Status.NoQuorum, silence);
        if (block.number < end) return (ITaskBoard.Status.Active, 0);
        if (block.number < end + CLOSE_GRACE) return (ITaskBoard.Status.Finalizing, 0);
        return (ITaskBoard.Status.Closed, end + CLOSE_GRACE);
    }
}
