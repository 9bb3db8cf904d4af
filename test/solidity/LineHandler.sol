// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IResults} from "../../contracts/interfaces/IResults.sol";
import {ITaskBoard} from "../../contracts/interfaces/ITaskBoard.sol";
import {ITaskLine} from "../../contracts/interfaces/ITaskLine.sol";
import {MoneyHandler} from "./MoneyHandler.sol";
import {Plans} from "./Plans.sol";
import {vm} from "./Vm.sol";

/// @title A line of tasks: its budget, its plans, who keeps it and who owns it
abstract contract LineHandler is MoneyHandler {
    uint256 private constant LOST_STALLS = 4;
    address private constant KEEPER = address(0x7ee9e7);

    /// @dev Plans by number; the next is in force from a block on, 0: none is announced.
    uint256 private _current;
    uint256 private _next;
    uint256 private _nextFrom;
    /// @dev Block from which on nothing is published; 0: not asked for.
    uint256 private _closes;
    /// @dev Number of the line's last task, as the board numbers them; 0: it has none.
    uint256 private _link;
    mapping(uint256 task => uint256 plan) private _planOf;
    mapping(uint256 task => uint256 number) private _publishedAt;
    mapping(uint256 task => uint256 predecessor) private _from;
    uint256 private _generation;

    function fund(uint256 seed) external dice(seed) {
        if (_chance(10)) _upset();
        _fund(_chance(5) ? 0 : _pick(4_000_000));
    }

    /// @notice By a keeper, who may be anybody; once in a while with a plan that is not in force.
    function renew(uint256 seed) external dice(seed) {
        if (_chance(5)) _upset();
        _renew();
    }

    function announce(uint256 seed) external dice(seed) {
        if (!_chance(30)) return;
        uint256 plan = _pick(Plans.COUNT);
        address sender = _chance(80) ? LINE_OWNER : KEEPER;
        bytes memory data = abi.encodeCall(ITaskLine.announce, (Plans.plan(plan)));
        (bool success, ) = _act(sender, address(line), data);
        if (success != (sender == LINE_OWNER && _closes == 0)) _break(21, "who announces a plan, and when");
        if (!success) return;
        _turn();
        (_next, _nextFrom) = (plan, block.number + _notice());
        _did("announce");
    }

    /// @notice Seldom: a closed line stays so.
    function closeLine(uint256 seed) external dice(seed) {
        if (!_chance(4)) return;
        _close(_chance(50) ? LINE_OWNER : KEEPER);
        _withdrawBudget(_chance(50) ? LINE_OWNER : KEEPER);
    }

    function _fund(uint256 amount) internal {
        bool calm = _isCalm();
        address from = _clients[_pick(_clients.length)];
        token.faucet(from, amount);
        vm.prank(from);
        token.approve(address(line), amount);
        (bool success, bytes memory answer) = _act(
            from,
            address(line),
            abi.encodeCall(ITaskLine.fund, (amount))
        );
        vm.prank(from);
        token.approve(address(line), 0);
        if (success && amount == 0) _break(21, "nothing was added");
        if (!success && amount != 0 && calm) _refused(21, "money was refused", answer);
        if (!success) return;
        budget += amount;
        _did("fund");
    }

    function _renew() internal {
        if (_tasks.length >= TASKS_MAX) return;
        bool calm = _isCalm();
        uint256 force = _inForce();
        uint256 plan = _chance(10) ? _pick(Plans.COUNT) : force;
        (bool due, uint256 from, bool lost) = _seam();
        ITaskBoard.TaskParams memory p = _timed(plan, from, _generation + (lost ? 1 : 0));
        uint256 fee = _link == 0 || _tasks[_link - 1].last != 0 ? Plans.plan(plan).renewFee : 0;
        uint256 held = token.balanceOf(address(board));
        uint256 had = token.balanceOf(KEEPER);
        bytes memory data = abi.encodeCall(ITaskLine.renew, (Plans.plan(plan)));
        (bool success, bytes memory answer) = _act(KEEPER, address(line), data);
        bool may = due && plan == force && (_closes == 0 || block.number < _closes);
        if (success && !may) _break(21, "renewed too soon, by another plan, or once closed");
        if (!success && may && calm && bytes4(answer) != ITaskLine.BudgetTooLow.selector)
            _refused(21, "a line that is due was not renewed", answer);
        if (!success) return;
        uint256 escrow = token.balanceOf(address(board)) - held;
        if (calm && token.balanceOf(KEEPER) != had + fee) _break(21, "what a keeper is paid");
        if (escrow + fee > budget) _break(21, "spent more than there was");
        budget -= escrow + fee;
        _turn();
        if (lost) ++_generation;
        _record(address(line), p, escrow);
        uint256 task = _tasks.length - 1;
        _link = _id(task);
        (_planOf[task], _publishedAt[task], _from[task]) = (plan, block.number, from);
        if (line.predecessorOf(_id(task)) != from) _break(21, "another predecessor");
        if (line.standing().generation != _generation) _break(21, "another generation");
        _did(
            lost
                ? "renew after a loss"
                : from == 0
                    ? "renew"
                    : "renew from a result"
        );
    }

    /// @inheritdoc MoneyHandler
    function _empty() internal override {
        if (_closes == 0) _close(LINE_OWNER);
        if (block.number < _closes) vm.roll(_closes);
        _withdrawBudget(LINE_OWNER);
    }

    function _close(address sender) private {
        (bool success, ) = _act(sender, address(line), abi.encodeCall(ITaskLine.closeLine, ()));
        if (success != (sender == LINE_OWNER && _closes == 0)) _break(21, "who closes a line, and how often");
        if (!success) return;
        _turn();
        _closes = block.number + _notice();
        _did("close");
    }

    function _withdrawBudget(address sender) private {
        uint256 had = token.balanceOf(sender);
        (bool success, ) = _act(sender, address(line), abi.encodeCall(ITaskLine.withdraw, ()));
        bool may = sender == LINE_OWNER && _closes != 0 && block.number >= _closes && budget != 0;
        if (success != may) _break(21, "who empties a line, and when");
        if (!success) return;
        if (token.balanceOf(sender) != had + budget) _break(21, "what an owner takes");
        budget = 0;
        _did("emptied");
    }

    /// @dev What the interface says about `renew`, worked out from what was seen.
    function _seam() private view returns (bool due, uint256 from, bool lost) {
        if (_link == 0) return (true, 0, false);
        uint256 task = _link - 1;
        Task storage t = _tasks[task];
        ITaskLine.Plan memory plan = Plans.plan(_planOf[task]);
        (ITaskBoard.Status status, ) = expectedStatus(task);
        bool over = status == ITaskBoard.Status.Closed || status == ITaskBoard.Status.NoQuorum;
        if (status == ITaskBoard.Status.Expired) {
            due = true;
        } else if (over && (status == ITaskBoard.Status.NoQuorum || t.last == 0)) {
            due = block.number >= t.lastBlock + LOST_STALLS * t.stallBlocks;
            lost = true;
        } else if (t.last != 0) {
            bool near = t.last + plan.renewBeforeHeights >= plan.params.heights;
            uint256 end = _publishedAt[task] + plan.params.endBlock;
            due = near || status != ITaskBoard.Status.Active || block.number + plan.renewBeforeBlocks >= end;
        }
        due = due && block.number >= _publishedAt[task] + plan.paceBlocks;
        // what was given up at an earlier seam is not lost again
        for (from = _id(task); from != 0 && !_carries(from - 1); from = _from[from - 1]) {
            lost = lost || _tasks[from - 1].formBlock != 0;
        }
    }

    function _carries(uint256 task) private view returns (bool) {
        if (_tasks[task].last == 0) return false;
        (IResults.Outcome outcome, bytes32 resultHash, ) = IResults(slasher.results()).result(_id(task));
        uint256 opensAt = expectedClaimsAt(task);
        bool late = opensAt != 0 && block.number >= opensAt;
        return outcome != IResults.Outcome.Tainted && (resultHash != 0 || !late);
    }

    /// @dev What the line publishes: `ITaskLine.Plan` says how.
    function _timed(
        uint256 number,
        uint256 from,
        uint256 generation
    ) private view returns (ITaskBoard.TaskParams memory p) {
        ITaskLine.Plan memory plan = Plans.plan(number);
        p = plan.params;
        p.predecessor = from;
        p.joinDeadline += uint64(block.number);
        p.endBlock += uint64(block.number);
        if (plan.withGeneration) p.reducerParams = bytes.concat(p.reducerParams, bytes8(uint64(generation)));
    }

    function _inForce() private view returns (uint256) {
        return _nextFrom != 0 && block.number >= _nextFrom ? _next : _current;
    }

    /// @dev An announced plan comes into force.
    function _turn() private {
        if (_nextFrom == 0 || block.number < _nextFrom) return;
        if (_current != _next) _did("another plan");
        (_current, _nextFrom) = (_next, 0);
    }

    /// @dev One task's length by the plan in force.
    function _notice() private view returns (uint256) {
        return Plans.plan(_current).params.endBlock;
    }
}
