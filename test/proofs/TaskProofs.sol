// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

// what `require` says here are premises: nobody is refused
// solhint-disable reason-string, gas-custom-errors

import {ITaskBoard} from "../../contracts/interfaces/ITaskBoard.sol";
import {Moment} from "../../contracts/libraries/Moments.sol";
import {TaskStatus} from "../../contracts/libraries/TaskStatus.sol";

/// @title Which status a task has when, for every pair of a block and a second
/// @dev A status depends on how far moments are from the current one: `passed` blocks and seconds later is the same as now
/// with everything so much earlier. Numbers have 40 bits, as where they are stored.
contract TaskProofs {
    function openOrExpiredByNow(
        uint40[2] memory signedUp,
        uint40[2] memory undrawn,
        uint40[2] memory revoked,
        bool enough
    ) external view {
        require(signedUp[0] > 0 && undrawn[0] > 0);
        require(revoked[0] <= block.number && revoked[1] <= block.timestamp);
        (ITaskBoard.Status status, Moment memory at) = TaskStatus.beforeForm(
            Moment(signedUp[0], signedUp[1]),
            Moment(undrawn[0], undrawn[1]),
            Moment(revoked[0], revoked[1]),
            enough
        );
        bool open = status == ITaskBoard.Status.Open && at.number == 0;
        bool expired = status == ITaskBoard.Status.Expired && at.number > 0 && _isPast(at);
        assert(open || expired);
    }

    function overSinceTheMomentItClosed(
        uint40[2] memory last,
        uint40[2] memory end,
        uint32[2] memory stall,
        uint32[2] memory grace,
        bool complete,
        bool revoked
    ) external view {
        require(0 < last[0] && last[0] <= block.number && last[1] <= block.timestamp && 0 < end[0]);
        (ITaskBoard.Status status, Moment memory at) = _after(last, end, stall, grace, complete, revoked);
        assert(_isOver(status) == (at.number != 0));
        if (_isOver(status)) assert(_isPast(at));
    }

    function overStaysOver(
        uint40[2] memory last,
        uint40[2] memory end,
        uint32[2] memory stall,
        uint32[2] memory grace,
        bool complete,
        bool revoked,
        uint40[2] memory passed
    ) external view {
        require(passed[0] < last[0] && last[0] <= block.number && last[1] <= block.timestamp);
        require(passed[0] < end[0] && passed[1] <= last[1] && passed[1] <= end[1]);
        (ITaskBoard.Status status, Moment memory at) = _after(last, end, stall, grace, complete, revoked);
        require(_isOver(status));
        uint40[2] memory lastThen = [last[0] - passed[0], last[1] - passed[1]];
        uint40[2] memory endThen = [end[0] - passed[0], end[1] - passed[1]];
        (ITaskBoard.Status later, Moment memory laterAt) = _after(
            lastThen,
            endThen,
            stall,
            grace,
            complete,
            revoked
        );
        assert(later == status);
        assert(laterAt.number + passed[0] == at.number && laterAt.time + passed[1] == at.time);
    }

    function membersHaveTheWholeGraceAfterACheckpoint(
        uint40[2] memory last,
        uint40[2] memory end,
        uint32[2] memory stall,
        uint32[2] memory grace,
        bool complete,
        bool revoked
    ) external view {
        (ITaskBoard.Status status, Moment memory at) = _after(last, end, stall, grace, complete, revoked);
        if (status == ITaskBoard.Status.Closed) assert(at.number >= uint256(last[0]) + grace[0]);
        if (status == ITaskBoard.Status.NoQuorum) assert(at.number == uint256(last[0]) + stall[0]);
    }

    function aCheckpointIsNoStall(
        uint40[2] memory end,
        uint32[2] memory stall,
        uint32[2] memory grace,
        bool complete
    ) external view {
        require(block.number <= type(uint40).max && block.timestamp <= type(uint40).max);
        uint40[2] memory last = [uint40(block.number), uint40(block.timestamp)];
        (ITaskBoard.Status status, ) = _after(last, end, stall, grace, complete, false);
        assert(status != ITaskBoard.Status.NoQuorum);
    }

    function _after(
        uint40[2] memory last,
        uint40[2] memory end,
        uint32[2] memory stall,
        uint32[2] memory grace,
        bool complete,
        bool revoked
    ) private view returns (ITaskBoard.Status, Moment memory) {
        return
            TaskStatus.afterForm(
                TaskStatus.Facts({
                    last: Moment(last[0], last[1]),
                    end: Moment(end[0], end[1]),
                    stallBlocks: stall[0],
                    stallSeconds: stall[1],
                    grace: grace[0],
                    graceSeconds: grace[1],
                    complete: complete,
                    revoked: revoked
                })
            );
    }

    function _isPast(Moment memory m) private view returns (bool) {
        return m.number <= block.number && m.time <= block.timestamp;
    }

    function _isOver(ITaskBoard.Status status) private pure returns (bool) {
        return status == ITaskBoard.Status.Closed || status == ITaskBoard.Status.NoQuorum;
    }
}
