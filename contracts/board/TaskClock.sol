// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {BoardState} from "./BoardState.sol";
import {TooEarly, TooLate} from "../interfaces/Errors.sol";
import {ITaskBoard} from "../interfaces/ITaskBoard.sol";
import {Moment, Moments} from "../libraries/Moments.sol";
import {TaskStatus} from "../libraries/TaskStatus.sol";

/// @title Where a task stands, and the gates of every call that depends on it
abstract contract TaskClock is BoardState {
    using Moments for Moment;

    /// @inheritdoc ITaskBoard
    function claimsOpenAt(uint256 taskId) external view override returns (Moment memory opensAt) {
        (, opensAt) = _standing(taskId);
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

    /// @dev The end of sign-up: its first moment after.
    function _signedUp(Task storage t) internal view returns (Moment memory) {
        return Moment(uint64(t.joinDeadline) + 1, t.joinTime);
    }

    /// @dev When the seed is drawn: late enough after sign-up that nobody can choose who is in.
    function _seedAt(Task storage t) internal view returns (Moment memory) {
        return Moment(t.joinDeadline + _REORG_DEPTH, t.joinTime + _SEED_DELAY_SECONDS);
    }

    /// @dev Status, and when claims open and evidence ends; 0 while the task runs.
    function _standing(uint256 taskId) internal view returns (Status status, Moment memory opensAt) {
        (status, opensAt) = statusOf(taskId);
        if (opensAt.number == 0 || status == Status.Expired) return (status, opensAt);
        opensAt = opensAt.plus(_EVIDENCE + 1, _EVIDENCE_SECONDS);
    }

    function _requireClaimsOpen(uint256 taskId) internal view {
        (, Moment memory opensAt) = _standing(taskId);
        _requireReached(opensAt);
    }

    function _requireReached(Moment memory m) internal view {
        if (!m.isReached()) revert TooEarly(block.number, m.number, block.timestamp, m.time);
    }

    /// @dev What ends with the block before `m`, and is not over before the second of `m` either.
    function _requireBefore(Moment memory m) internal view {
        if (m.isReached()) revert TooLate(block.number, m.number - 1, block.timestamp, m.time);
    }

    /// @dev The gate of convictions: from the drawing to the end of the evidence window.
    function _requireEvidenceOpen(uint256 taskId) internal view returns (Task storage) {
        (Status current, Moment memory opensAt) = _standing(taskId);
        TaskStatus.check(taskId, current, TaskStatus.ACTIVE | TaskStatus.FINALIZING | TaskStatus.OVER);
        if (opensAt.number != 0) _requireBefore(opensAt);
        return _tasks[taskId];
    }

    /// @dev The gate of every call that depends on where a task stands.
    function _requireStatus(uint256 taskId, uint256 allowed) internal view returns (Task storage) {
        (Status current, ) = statusOf(taskId);
        TaskStatus.check(taskId, current, allowed);
        return _tasks[taskId];
    }
}
