// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ITaskBoard} from "../../contracts/interfaces/ITaskBoard.sol";
import {LineHandler} from "./LineHandler.sol";
import {vm} from "./Vm.sol";

/// @title All that anybody does, and what happens around them
contract Handler is LineHandler {
    /// @notice Moves to the next block, or to one of the boundaries of a task or of a jail, or one beside it.
    function jump(uint256 seed) external dice(seed) {
        uint256 to = block.number + 1 + _pick(3);
        if (_chance(20)) to = _endOfJail(to);
        else if (_tasks.length != 0 && _chance(20)) to = _edge(_tasks[_pick(_tasks.length)], to);
        // or until all that unbonds now can leave
        vm.roll(_chance(5) ? block.number + UNBONDING : to);
    }

    /// @notice The next step of the first task that has one, else another task: chance alone would hardly ever get to a
    /// checkpoint.
    function advance(uint256 seed) external {
        for (uint256 i = 0; i < _tasks.length; ++i) {
            (ITaskBoard.Status status, ) = expectedStatus(i);
            if (status == ITaskBoard.Status.Active) return this.checkpoint(seed);
            if (status != ITaskBoard.Status.Open) continue;
            if (_tasks[i].signups < _tasks[i].minNodes) return this.signUp(seed);
            this.jumpToSeed(seed);
            return this.form(seed);
        }
        this.publish(seed);
    }

    /// @notice Up to where the next cluster can be drawn.
    function jumpToSeed(uint256 seed) external dice(seed) {
        for (uint256 i = 0; i < _tasks.length; ++i) {
            Task storage t = _tasks[i];
            if (t.formBlock != 0 || t.signups < t.minNodes || block.number > t.joinDeadline) continue;
            vm.roll(t.joinDeadline + REORG_DEPTH + 1);
            return;
        }
    }

    /// @notice Tokens and ether that nobody asked for.
    function donate(uint256 seed) external dice(seed) {
        uint256 amount = _pick(1000);
        address to = [address(board), address(registry), address(line)][_pick(3)];
        token.faucet(to, amount);
        if (to == address(board)) donatedToBoard += amount;
        else if (to == address(registry)) donatedToRegistry += amount;
        else donatedToLine += amount;
        vm.deal(to, amount);
        _did("donate");
    }

    /// @notice The token calls in the middle of a transfer: somebody else takes or moves what is theirs.
    function reenter() external {
        if (msg.sender != address(token)) return;
        uint256 who = _pick(_operators.length);
        uint256 kind = _pick(7);
        if (kind == 0) _withdraw(who, _pick(_operators[who].tranches.length + 1));
        if (kind == 1 && _tasks.length != 0) _claim(_pick(_tasks.length), _operators[who].account);
        if (kind == 2 && _tasks.length != 0) {
            _release(_pick(_tasks.length), _pick(_keys.length), address(this));
        }
        if (kind == 3) _withdrawCredit(_operators[who].account);
        if (kind == 4) _deposit(who, _pick(100));
        if (kind == 5) _fund(_pick(100));
        if (kind == 6) _renew();
        _did("reenter");
    }

    /// @dev About the nearest boundary ahead, later ones once in a while; `otherwise` if all of them have passed.
    function _edge(Task storage t, uint256 otherwise) private returns (uint256) {
        uint256[6] memory edges = [
            t.joinDeadline,
            t.joinDeadline + REORG_DEPTH + 1,
            t.lastBlock + t.stallBlocks,
            t.endBlock,
            t.endBlock + CLOSE_GRACE,
            t.endBlock + CLOSE_GRACE + EVIDENCE + 1
        ];
        uint256 edge = type(uint256).max;
        for (uint256 i = 0; i < edges.length; ++i) {
            if (edges[i] > block.number && edges[i] < edge) edge = edges[i];
        }
        return edge == type(uint256).max ? otherwise : edge + _pick(3);
    }

    /// @dev The last block of somebody's jail or the one after it; `otherwise` if nobody's ends.
    function _endOfJail(uint256 otherwise) private returns (uint256) {
        uint256 start = _pick(_operators.length);
        for (uint256 i = 0; i < _operators.length; ++i) {
            uint256 until = _operators[(start + i) % _operators.length].jailedUntil;
            if (until > block.number) return until + _pick(2);
        }
        return otherwise;
    }
}
