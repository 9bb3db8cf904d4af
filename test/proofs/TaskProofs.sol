// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

// what `require` says here are premises: nobody is refused
// solhint-disable reason-string, gas-custom-errors

import {ITaskBoard} from "../../contracts/interfaces/ITaskBoard.sol";
import {Moment} from "../../contracts/libraries/Moments.sol";
import {TaskStatus} from "../../contracts/libraries/TaskStatus.sol";

/// @title Which status a task has before its drawing, for every pair of a block and a second
/// @dev Numbers have 40 bits, as where they are stored. What follows the drawing is too much for the solver: tests walk it at
/// random, against a second form of the rule (test/contracts/time-walk.ts, test/unit/types/life.test.ts).
contract TaskProofs {
    function openOrExpiredByNow(
        uint40[2] memory signedUp,
        uint40[2] memory undrawn,
        uint40[2] memory revoked,
        bool enough
    ) external view {
        require(signedUp[0] > 0 && undrawn[0] > 0);
        require(revoked[0] <= block.number && revoked[1] <= block.timestamp);
        (ITaskBoard.Status status, Moment memory expiredAt) = TaskStatus.beforeForm(
            Moment(signedUp[0], signedUp[1]),
            Moment(undrawn[0], undrawn[1]),
            Moment(revoked[0], revoked[1]),
            enough
        );
        bool open = status == ITaskBoard.Status.Open && expiredAt.number == 0;
        bool expired = status == ITaskBoard.Status.Expired && expiredAt.number > 0 && _isPast(expiredAt);
        assert(open || expired);
    }

    function _isPast(Moment memory m) private view returns (bool) {
        return m.number <= block.number && m.time <= block.timestamp;
    }
}
