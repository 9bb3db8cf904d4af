// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ITaskBoard} from "../interfaces/ITaskBoard.sol";

/// @title A task's status, from stored facts and the block number
library TaskStatus {
    uint256 internal constant OPEN = 1 << uint8(ITaskBoard.Status.Open);
    uint256 internal constant ACTIVE = 1 << uint8(ITaskBoard.Status.Active);
    uint256 internal constant FINALIZING = 1 << uint8(ITaskBoard.Status.Finalizing);
    uint256 internal constant OVER =
        (1 << uint8(ITaskBoard.Status.Closed)) | (1 << uint8(ITaskBoard.Status.NoQuorum));
    uint256 internal constant EXPIRED = 1 << uint8(ITaskBoard.Status.Expired);

    /// @notice The gate of every call that depends on where a task stands.
    function check(uint256 taskId, ITaskBoard.Status current, uint256 allowed) internal pure {
        if ((1 << uint8(current)) & allowed == 0) {
            revert ITaskBoard.StatusNotAllowed(taskId, current, allowed);
        }
    }

    /// @notice Status of a task whose cluster is not drawn, and the block at which it expired (0 while it is open).
    /// @param formWindow blocks after the seed block in which it can be proved: the drawing must happen within them
    /// @param revokedBlock block of `revoke`, 0 without: ends the task if sign-up was open
    function beforeForm(
        uint256 joinDeadline,
        uint256 seedBlock,
        uint256 formWindow,
        uint256 endBlock,
        uint256 revokedBlock,
        bool enoughSignups
    ) internal view returns (ITaskBoard.Status, uint256 expiredAt) {
        expiredAt = seedBlock + formWindow + 1;
        if (expiredAt > endBlock) expiredAt = endBlock;
        if (!enoughSignups) expiredAt = joinDeadline + 1;
        if (revokedBlock != 0 && revokedBlock <= joinDeadline) expiredAt = revokedBlock;
        if (block.number < expiredAt) return (ITaskBoard.Status.Open, 0);
        return (ITaskBoard.Status.Expired, expiredAt);
    }

    /// @notice Status of a task whose cluster was drawn, and the block at which it closed (0 while it runs).
    /// @param complete the last height of the task is accepted
    /// @param lastBlock block of the last accepted checkpoint, or of the drawing
    /// @param endBlock the task ends here at the latest: as published, or the block of `revoke`
    function afterForm(
        bool complete,
        uint256 lastBlock,
        uint256 endBlock,
        uint256 stallBlocks,
        uint256 closeGrace
    ) internal view returns (ITaskBoard.Status, uint256 closedAt) {
        // c = first of end block and completing checkpoint. Late heights only move lastBlock up, never below c.
        uint256 end = complete && lastBlock < endBlock ? lastBlock : endBlock;
        uint256 stall = lastBlock + stallBlocks;
        if (stall < end && block.number > stall) return (ITaskBoard.Status.NoQuorum, stall);
        if (block.number < end) return (ITaskBoard.Status.Active, 0);
        if (block.number < end + closeGrace) return (ITaskBoard.Status.Finalizing, 0);
        return (ITaskBoard.Status.Closed, end + closeGrace);
    }
}
