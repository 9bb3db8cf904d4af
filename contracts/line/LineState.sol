// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {NotAllowed, OutOfBounds} from "../interfaces/Errors.sol";
import {IAdmission} from "../interfaces/IAdmission.sol";
import {IPhaseLog} from "../interfaces/IPhaseLog.sol";
import {IResults} from "../interfaces/IResults.sol";
import {ISlasher} from "../interfaces/ISlasher.sol";
import {ITaskBoard} from "../interfaces/ITaskBoard.sol";
import {ITaskLine} from "../interfaces/ITaskLine.sol";
import {Moment, Moments} from "../libraries/Moments.sol";
import {ReentrancyGuard} from "../libraries/ReentrancyGuard.sol";

/// @title What a line keeps, and when its next task is due
abstract contract LineState is ITaskLine, ReentrancyGuard {
    using Moments for Moment;

    /// @dev Of the last task: when the next may be published at all, when `renew` is due, and how long its silence has to
    /// last before it counts as lost.
    struct Last {
        uint256 taskId;
        Moment restsUntil;
        Moment dueAt;
        uint64 dueHeight;
        uint64 lostBlocks;
        uint64 lostSeconds;
    }

    /// @dev Silences of a task before the line goes on without it: what a task that dies costs is spent no faster.
    uint256 internal constant LOST_STALLS = 4;

    address internal immutable _OWNER;
    ITaskBoard internal immutable _BOARD;
    IPhaseLog internal immutable _LOG;
    IResults internal immutable _RESULTS;
    IAdmission internal immutable _ADMISSION;
    IERC20 internal immutable _TOKEN;

    bytes32 internal _planHash;
    bytes32 internal _nextPlanHash;
    Moment internal _nextPlanAt;
    Moment internal _closesAt;
    /// @dev Blocks and seconds of a task by the plan in force, and by the announced one: how long a notice is.
    Moment internal _length;
    Moment internal _nextLength;
    uint256 internal _budget;
    uint64 internal _count;
    uint64 internal _generation;
    Last internal _last;

    /// @inheritdoc ITaskLine
    mapping(uint256 taskId => uint256 predecessor) public override predecessorOf;

    constructor(ITaskBoard board_, address owner_) {
        _OWNER = owner_;
        _BOARD = board_;
        _LOG = IPhaseLog(board_.log());
        _RESULTS = IResults(ISlasher(board_.slasher()).results());
        _ADMISSION = IAdmission(board_.admission());
        _TOKEN = IERC20(board_.token());
    }

    modifier onlyOwner() {
        if (msg.sender != _OWNER) revert NotAllowed(msg.sender, _OWNER);
        _;
    }

    /// @inheritdoc ITaskLine
    function board() external view override returns (address) {
        return address(_BOARD);
    }

    /// @inheritdoc ITaskLine
    function standing() external view override returns (Standing memory) {
        return
            Standing(
                _OWNER,
                _planHash,
                _nextPlanHash,
                _nextPlanAt,
                _closesAt,
                _budget,
                _count,
                _last.taskId,
                _generation
            );
    }

    /// @dev The parameters of a task that is published in this block, and its escrow. Reverts unless the board takes it.
    function _timed(
        Plan memory plan,
        uint256 predecessor,
        uint64 generation
    ) internal view returns (ITaskBoard.TaskParams memory p, uint256 escrow) {
        p = plan.params;
        if (p.predecessor != 0) revert OutOfBounds("predecessor", p.predecessor, 0, 0);
        p.predecessor = predecessor;
        p.joinDeadline += uint64(block.number);
        p.endBlock += uint64(block.number);
        // 0 where blocks alone count
        if (p.joinTime != 0) p.joinTime += uint64(block.timestamp);
        if (p.endTime != 0) p.endTime += uint64(block.timestamp);
        if (plan.withGeneration) p.reducerParams = abi.encodePacked(p.reducerParams, generation);
        (escrow, ) = _ADMISSION.admit(p, _BOARD.windows(), _BOARD.tasks());
    }

    /// @dev Reverts unless tasks of that plan are taken, and end after `renew` is due for them.
    function _check(Plan memory plan) internal view returns (Moment memory length) {
        length = Moment(plan.params.endBlock, plan.params.endTime);
        uint256 heights = plan.params.heights;
        _below("renewBeforeBlocks", plan.renewBeforeBlocks, length.number);
        _below("renewBeforeSeconds", plan.renewBeforeSeconds, length.time == 0 ? 1 : length.time);
        _below("renewBeforeHeights", plan.renewBeforeHeights, heights);
        _below("paceBlocks", plan.paceBlocks, uint256(length.number) + 1);
        _below("paceSeconds", plan.paceSeconds, uint256(length.time) + 1);
        _timed(plan, 0, _generation);
    }

    /// @dev What `renew` would do now, the budget aside.
    function _seam()
        internal
        view
        returns (Seam memory s, ITaskBoard.Status status, IPhaseLog.Head memory head)
    {
        uint256 last = _last.taskId;
        if (last == 0) return (Seam(true, false, true, 0), status, head);
        (status, ) = _BOARD.statusOf(last);
        head = _LOG.head(last);
        if (status == ITaskBoard.Status.Expired) {
            s.isDue = true;
        } else if (_isOver(status) && (status == ITaskBoard.Status.NoQuorum || head.last == 0)) {
            s.isLost = true;
            s.isDue = head.lastAt.plus(_last.lostBlocks, _last.lostSeconds).isReached();
        } else if (head.last != 0) {
            s.isDue =
                status != ITaskBoard.Status.Active ||
                head.last >= _last.dueHeight ||
                _last.dueAt.isReached();
        }
        s.isDue = s.isDue && _last.restsUntil.isReached();
        s.isPaid = head.last != 0;
        uint256 from = last;
        while (from != 0 && !_carries(from)) {
            // an expired task has no state that could be lost
            if (_LOG.head(from).members != 0) s.isLost = true;
            from = predecessorOf[from];
        }
        s.predecessor = from;
    }

    /// @dev Whether a task may go on from this one.
    function _carries(uint256 taskId) private view returns (bool) {
        (IResults.Outcome outcome, bytes32 resultHash, uint64 height) = _RESULTS.result(taskId);
        if (height == 0 || outcome == IResults.Outcome.Tainted) return false;
        if (resultHash != 0) return true;
        // nobody has published the result in all that time: whoever had it is gone
        Moment memory opensAt = _BOARD.claimsOpenAt(taskId);
        return opensAt.number == 0 || !opensAt.isReached();
    }

    function _isOver(ITaskBoard.Status status) private pure returns (bool) {
        return status == ITaskBoard.Status.Closed || status == ITaskBoard.Status.NoQuorum;
    }

    function _below(bytes32 field, uint256 given, uint256 bound) private pure {
        if (given >= bound) revert OutOfBounds(field, given, 0, bound == 0 ? 0 : bound - 1);
    }
}
