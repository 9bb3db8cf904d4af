// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ITaskBoard} from "../interfaces/ITaskBoard.sol";
import {Moment, Moments} from "./Moments.sol";

/// @title A task's status, from stored facts and the current block
/// @notice What ends a task first follows from the stored facts alone, not from when somebody looks: a task that is over
/// stays over, and the moment at which it closed does not change.
library TaskStatus {
    using Moments for Moment;

    uint256 internal constant OPEN = 1 << uint8(ITaskBoard.Status.Open);
    uint256 internal constant ACTIVE = 1 << uint8(ITaskBoard.Status.Active);
    uint256 internal constant FINALIZING = 1 << uint8(ITaskBoard.Status.Finalizing);
    uint256 internal constant OVER =
        (1 << uint8(ITaskBoard.Status.Closed)) | (1 << uint8(ITaskBoard.Status.NoQuorum));
    uint256 internal constant EXPIRED = 1 << uint8(ITaskBoard.Status.Expired);

    /// @notice What decides when a task whose cluster is drawn is over.
    /// @param last the last checkpoint accepted before the task was Finalizing, or the drawing
    /// @param end as published, or the moment of `revoke`
    /// @param stallBlocks longest silence
    /// @param stallSeconds longest silence; 0: the task is measured in blocks alone
    /// @param grace blocks for which the task is Finalizing
    /// @param graceSeconds seconds for which it is
    /// @param complete the last height was accepted before the task was Finalizing
    /// @param revoked `end` is the moment of `revoke`: silence does not matter any more
    struct Facts {
        Moment last;
        Moment end;
        uint256 stallBlocks;
        uint256 stallSeconds;
        uint256 grace;
        uint256 graceSeconds;
        bool complete;
        bool revoked;
    }

    /// @notice The gate of every call that depends on where a task stands.
    function check(uint256 taskId, ITaskBoard.Status current, uint256 allowed) internal pure {
        if ((1 << uint8(current)) & allowed == 0) {
            revert ITaskBoard.StatusNotAllowed(taskId, current, allowed);
        }
    }

    /// @notice Status of a task whose cluster is not drawn, and the moment at which it expired (0 while it is open).
    /// @param signedUp end of sign-up
    /// @param undrawn end of the time for the drawing
    /// @param revoked moment of `revoke`, 0 without: ends the task if sign-up was open
    /// @param enoughSignups irrelevant while sign-up is open
    function beforeForm(
        Moment memory signedUp,
        Moment memory undrawn,
        Moment memory revoked,
        bool enoughSignups
    ) internal view returns (ITaskBoard.Status, Moment memory expiredAt) {
        if (revoked.number != 0 && (revoked.number < signedUp.number || revoked.time < signedUp.time)) {
            return (ITaskBoard.Status.Expired, revoked);
        }
        expiredAt = enoughSignups ? undrawn : signedUp;
        if (expiredAt.isReached()) return (ITaskBoard.Status.Expired, expiredAt);
        return (ITaskBoard.Status.Open, Moment(0, 0));
    }

    /// @notice Status of a task whose cluster was drawn, and the moment at which it closed (0 while it runs).
    function afterForm(Facts memory f) internal view returns (ITaskBoard.Status, Moment memory closedAt) {
        if (!f.complete && !f.revoked) {
            closedAt = f.last.plus(f.stallBlocks, f.stallSeconds);
            // silence that ends before the task does; by time, since that is what decides unless the chain stops
            bool isShorter =
                f.stallSeconds == 0 ? closedAt.number < f.end.number : closedAt.time < f.end.time;
            if (isShorter) {
                bool isOver = block.number > closedAt.number && closedAt.isReached();
                if (isOver) return (ITaskBoard.Status.NoQuorum, closedAt);
                return (ITaskBoard.Status.Active, Moment(0, 0));
            }
        }
        Moment memory end = f.complete ? f.last : f.end;
        if (!end.isReached()) return (ITaskBoard.Status.Active, Moment(0, 0));
        // members have the whole grace after their last checkpoint, also where the end's block came long before its time
        if (end.number < f.last.number) end.number = f.last.number;
        closedAt = end.plus(f.grace, f.graceSeconds);
        if (closedAt.isReached()) return (ITaskBoard.Status.Closed, closedAt);
        return (ITaskBoard.Status.Finalizing, Moment(0, 0));
    }
}
