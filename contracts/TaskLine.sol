// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {LineState} from "./line/LineState.sol";
import {TooEarly} from "./interfaces/Errors.sol";
import {IPhaseLog} from "./interfaces/IPhaseLog.sol";
import {ITaskBoard} from "./interfaces/ITaskBoard.sol";
import {ITaskLine} from "./interfaces/ITaskLine.sol";
import {ExactTransfer} from "./libraries/ExactTransfer.sol";
import {Moment, Moments} from "./libraries/Moments.sol";

/// @title TaskLine
/// @notice See ITaskLine, which is the specification.
/// @dev The budget is a book of its own: tokens that somebody sends without `fund` change nothing.
contract TaskLine is LineState {
    using ExactTransfer for IERC20;
    using Moments for Moment;
    using SafeERC20 for IERC20;

    constructor(ITaskBoard board_, address owner_, Plan memory plan) LineState(board_, owner_) {
        bytes32 hash = keccak256(abi.encode(plan));
        emit Planned(hash, plan, Moments.current());
        _length = _check(plan);
        _planHash = hash;
    }

    /// @inheritdoc ITaskLine
    function renew(Plan calldata plan) external override nonReentrant returns (uint256 taskId) {
        if (_isClosed()) revert LineClosed(_closesAt.number, _closesAt.time);
        _takePlan();
        bytes32 hash = keccak256(abi.encode(plan));
        if (hash != _planHash) revert OtherPlan(hash, _planHash);
        (Seam memory s, ITaskBoard.Status status, IPhaseLog.Head memory head) = _seam();
        if (!s.isDue) revert NotDue(_last.taskId, status, head.last);
        uint256 fee = s.isPaid ? plan.renewFee : 0;
        uint64 generation = _generation + (s.isLost ? 1 : 0);
        (ITaskBoard.TaskParams memory p, uint256 escrow) = _timed(plan, s.predecessor, generation);
        if (escrow + fee > _budget) revert BudgetTooLow(_budget, escrow + fee);

        _budget -= escrow + fee;
        _generation = generation;
        ++_count;
        _TOKEN.forceApprove(address(_BOARD), escrow);
        taskId = _BOARD.publish(p);
        predecessorOf[taskId] = s.predecessor;
        _last = _lastOf(taskId, plan, p);
        emit Renewed(taskId, s.predecessor, generation, msg.sender, fee, escrow);
        if (fee != 0) _TOKEN.safeTransfer(msg.sender, fee);
    }

    /// @inheritdoc ITaskLine
    function fund(uint256 amount) external override nonReentrant {
        if (amount == 0) revert NothingToMove();
        _budget += amount;
        emit Funded(msg.sender, amount);
        _TOKEN.pull(msg.sender, amount);
    }

    /// @inheritdoc ITaskLine
    function collect(uint256 taskId) external override nonReentrant returns (uint256 amount) {
        amount = _BOARD.claim(taskId);
        _budget += amount;
        emit Collected(taskId, amount);
    }

    /// @inheritdoc ITaskLine
    function announce(Plan calldata plan) external override onlyOwner {
        if (_closesAt.number != 0) revert LineClosed(_closesAt.number, _closesAt.time);
        _takePlan();
        _nextLength = _check(plan);
        _nextPlanHash = keccak256(abi.encode(plan));
        _nextPlanAt = _noticeEnds();
        emit Planned(_nextPlanHash, plan, _nextPlanAt);
    }

    /// @inheritdoc ITaskLine
    function closeLine() external override onlyOwner {
        if (_closesAt.number != 0) revert LineClosed(_closesAt.number, _closesAt.time);
        _takePlan();
        _closesAt = _noticeEnds();
        emit Closing(_closesAt);
    }

    /// @inheritdoc ITaskLine
    function withdraw() external override onlyOwner nonReentrant returns (uint256 amount) {
        if (!_isClosed()) revert TooEarly(block.number, _closesAt.number, block.timestamp, _closesAt.time);
        amount = _budget;
        if (amount == 0) revert NothingToMove();
        _budget = 0;
        emit Withdrawn(msg.sender, amount);
        _TOKEN.safeTransfer(msg.sender, amount);
    }

    /// @inheritdoc ITaskLine
    function seam() external view override returns (Seam memory s) {
        (s, , ) = _seam();
        s.isDue = s.isDue && !_isClosed();
    }

    /// @dev An announced plan comes into force once its notice is over.
    function _takePlan() private {
        if (_nextPlanHash == 0 || !_nextPlanAt.isReached()) return;
        (_planHash, _length) = (_nextPlanHash, _nextLength);
        _nextPlanHash = 0;
    }

    function _lastOf(
        uint256 taskId,
        Plan calldata plan,
        ITaskBoard.TaskParams memory p
    ) private view returns (Last memory) {
        return
            Last({
                taskId: taskId,
                restsUntil: Moments.current().plus(plan.paceBlocks, plan.paceSeconds),
                dueAt: Moment(p.endBlock - plan.renewBeforeBlocks, p.endTime - plan.renewBeforeSeconds),
                dueHeight: p.heights - plan.renewBeforeHeights,
                lostBlocks: uint64(LOST_STALLS * p.stallBlocks),
                lostSeconds: uint64(LOST_STALLS * p.stallSeconds)
            });
    }

    /// @dev One task's length from now; by blocks alone where tasks have no seconds.
    function _noticeEnds() private view returns (Moment memory ends) {
        ends = Moments.current().plus(_length.number, _length.time);
        if (_length.time == 0) ends.time = 0;
    }

    function _isClosed() private view returns (bool) {
        return _closesAt.number != 0 && _closesAt.isReached();
    }
}
