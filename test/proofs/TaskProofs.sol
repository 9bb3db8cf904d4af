// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

// what `require` says here are premises: nobody is refused
// solhint-disable reason-string, gas-custom-errors

import {ITaskBoard} from "../../contracts/interfaces/ITaskBoard.sol";
import {TaskStatus} from "../../contracts/libraries/TaskStatus.sol";

/// @title Which status a task has when
/// @dev A status depends on how far blocks are from the current one: `passed` blocks later is the same as now with
/// everything `passed` blocks earlier.
contract TaskProofs {
    function openOrExpiredByNow(
        uint64 joinDeadline,
        uint64 seedBlock,
        uint16 formWindow,
        uint64 endBlock,
        uint64 revokedBlock,
        bool enough
    ) external view {
        require(endBlock > 0);
        (ITaskBoard.Status status, uint256 expiredAt) = TaskStatus.beforeForm(
            joinDeadline,
            seedBlock,
            formWindow,
            endBlock,
            revokedBlock,
            enough
        );
        bool open = status == ITaskBoard.Status.Open && expiredAt == 0;
        bool expired = status == ITaskBoard.Status.Expired && 0 < expiredAt && expiredAt <= block.number;
        assert(open || expired);
    }

    function expiredStaysExpired(
        uint64 joinDeadline,
        uint64 seedBlock,
        uint16 formWindow,
        uint64 endBlock,
        bool enough,
        uint64 passed
    ) external view {
        require(passed <= joinDeadline && passed <= seedBlock && passed <= endBlock);
        (ITaskBoard.Status status, uint256 expiredAt) = TaskStatus.beforeForm(
            joinDeadline,
            seedBlock,
            formWindow,
            endBlock,
            0,
            enough
        );
        require(status == ITaskBoard.Status.Expired);
        (ITaskBoard.Status later, uint256 laterExpiredAt) = TaskStatus.beforeForm(
            joinDeadline - passed,
            seedBlock - passed,
            formWindow,
            endBlock - passed,
            0,
            enough
        );
        assert(later == ITaskBoard.Status.Expired && laterExpiredAt + passed == expiredAt);
    }

    function overSinceTheBlockItClosed(
        bool complete,
        uint64 lastBlock,
        uint64 endBlock,
        uint32 stallBlocks,
        uint64 closeGrace
    ) external view {
        require(0 < lastBlock && lastBlock <= block.number && 0 < endBlock);
        (ITaskBoard.Status status, uint256 closedAt) = TaskStatus.afterForm(
            complete,
            lastBlock,
            endBlock,
            stallBlocks,
            closeGrace
        );
        assert(_isOver(status) == (closedAt != 0) && closedAt <= block.number);
    }

    function overStaysOver(
        bool complete,
        uint64 lastBlock,
        uint64 endBlock,
        uint32 stallBlocks,
        uint64 closeGrace,
        uint64 passed
    ) external view {
        require(passed <= lastBlock && lastBlock <= block.number && passed <= endBlock);
        (ITaskBoard.Status status, uint256 closedAt) = TaskStatus.afterForm(
            complete,
            lastBlock,
            endBlock,
            stallBlocks,
            closeGrace
        );
        require(_isOver(status));
        (ITaskBoard.Status later, uint256 laterClosedAt) = TaskStatus.afterForm(
            complete,
            lastBlock - passed,
            endBlock - passed,
            stallBlocks,
            closeGrace
        );
        assert(later == status && laterClosedAt + passed == closedAt);
    }

    function lateHeightsDoNotMoveTheEnd(
        bool complete,
        uint64 lastBlock,
        uint64 endBlock,
        uint32 stallBlocks,
        uint64 closeGrace
    ) external view {
        require(lastBlock <= block.number && !complete);
        (ITaskBoard.Status status, ) = TaskStatus.afterForm(
            complete,
            lastBlock,
            endBlock,
            stallBlocks,
            closeGrace
        );
        require(status == ITaskBoard.Status.Finalizing);
        (ITaskBoard.Status now_, ) = TaskStatus.afterForm(
            true,
            block.number,
            endBlock,
            stallBlocks,
            closeGrace
        );
        assert(now_ == ITaskBoard.Status.Finalizing);
    }

    function aCheckpointIsNoStall(
        bool complete,
        uint64 endBlock,
        uint32 stallBlocks,
        uint64 closeGrace
    ) external view {
        require(block.number <= type(uint64).max);
        (ITaskBoard.Status status, ) = TaskStatus.afterForm(
            complete,
            block.number,
            endBlock,
            stallBlocks,
            closeGrace
        );
        assert(status != ITaskBoard.Status.NoQuorum);
    }

    function _isOver(ITaskBoard.Status status) private pure returns (bool) {
        return status == ITaskBoard.Status.Closed || status == ITaskBoard.Status.NoQuorum;
    }
}
