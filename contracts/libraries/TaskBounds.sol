// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ITaskBoard} from "../interfaces/ITaskBoard.sol";
import {OutOfBounds} from "../interfaces/Errors.sol";
import {Moment} from "./Moments.sol";
import {StakeMath} from "./StakeMath.sol";

/// @title What a client may ask for, and what it has to pay in advance
library TaskBounds {
    uint256 internal constant SIGNUPS_PER_SEAT = 4;
    uint256 internal constant EVENT_BYTES_MAX = 1024;
    /// @dev 16 KiB: a proof of a wrong reduction brings all events, beside 31 KiB of states and the CONFIRMs.
    uint256 private constant EVENTS_BYTES_MAX = 16 * 1024;
    /// @dev Of an event in a proof: u8 kind, address originator, u16 length.
    uint256 private constant EVENT_OVERHEAD = 23;
    /// @dev 31 KiB: a state, all inputs of a batch, or all inputs of a provable height fit into one transaction.
    uint256 internal constant BYTES_MAX = 31 * 1024;
    uint256 private constant PARAMS_BYTES_MAX = 1024;
    uint256 private constant NODES_MIN = 4;
    uint256 private constant NODES_MAX = 128;
    uint256 private constant EPOCH_HEIGHTS_MAX = 256;
    uint256 private constant REPORTERS_MAX = 4;
    /// @dev Sequence numbers have 16 bits; two system entries for each of 128 members are left.
    uint256 private constant EVENTS_MAX = type(uint16).max - 2 * 128;
    uint256 private constant STALL_TURNS = 4;
    uint256 private constant LATE_QUIT_PERCENT = 1;
    /// @dev One `reorgDepth` until others act on a quit, one for them to sign up.
    uint256 private constant LATE_QUIT_DEPTHS = 2;
    /// @dev Gas of `form`, from above: test/contracts/gas.ts compares it to what is measured.
    uint256 private constant FORM_GAS = 320_000;
    uint256 private constant FORM_GAS_PER_SIGNUP = 8_600;
    uint256 private constant FORM_GAS_PER_SEAT = 18_600;

    /// @notice Reverts with the first bound that is broken.
    /// @param tasks number of tasks published before
    function check(
        ITaskBoard.TaskParams calldata p,
        ITaskBoard.Windows calldata w,
        uint256 tasks
    ) internal view {
        _size(p);
        _time(p, w);
        _inside("tickMs", p.tickMs, 1, type(uint16).max);
        _inside("debateTicks", p.debateTicks, 1, type(uint32).max);
        _inside("shareTicks", p.shareTicks, 1, type(uint32).max);
        _inside("confirmTicks", p.confirmTicks, 1, type(uint32).max);
        _inside("helloTicks", p.helloTicks, 1, type(uint32).max);
        _inside("predecessor", p.predecessor, 0, tasks);
        _inside("maxEvents", p.maxEvents, 0, EVENTS_MAX);
        _inside("reporters", p.reporters.length, 0, REPORTERS_MAX);
        _inside("stakePerNode", p.stakePerNode, 1, type(uint128).max);
        if (p.twin != address(0) && p.twin.code.length == 0) revert ITaskBoard.TwinHasNoCode(p.twin);
    }

    /// @notice Rewards of all heights, fees of all checkpoints that can earn one, and the fee for drawing all seats from a
    /// full list. Checkpoints that can earn a fee are those that end an epoch or the task, and those that come at least half
    /// of the longest silence after the last. No more of the latter fit into the blocks that a task is said to take, if
    /// blocks are what it waits for, and else into its seconds.
    /// @return fees number of fees that are paid for
    function escrow(
        ITaskBoard.TaskParams calldata p,
        ITaskBoard.Windows calldata w
    ) internal view returns (uint128, uint16 fees) {
        uint256 pauses = (uint256(p.endBlock) + w.closeGrace - block.number) / _halfUp(p.stallBlocks);
        if (p.stallSeconds != 0) {
            uint256 timed = (uint256(p.endTime) + w.graceSeconds - block.timestamp) / _halfUp(p.stallSeconds);
            if (timed > pauses) pauses = timed;
        }
        uint256 sum = (uint256(p.heights) + p.epochHeights - 1) / p.epochHeights + pauses;
        fees = uint16(sum < p.heights ? sum : p.heights);
        uint256 amount = uint256(p.rewardPerHeight) * p.heights + uint256(p.checkpointFee) * fees;
        amount += p.formGasPrice * formGas(SIGNUPS_PER_SEAT * p.maxNodes, p.maxNodes);
        _inside("escrow", amount, 0, type(uint128).max);
        return (uint128(amount), fees);
    }

    /// @notice Gas for which a drawing is paid. Not what was measured in the call: a caller cannot raise it, and a reader
    /// can work it out from the task.
    function formGas(uint256 signups, uint256 seats) internal pure returns (uint256) {
        return FORM_GAS + FORM_GAS_PER_SIGNUP * signups + FORM_GAS_PER_SEAT * seats;
    }

    /// @notice What quitting in this block burns of a lock: ⌈lock / 100⌉ in the last 2 · reorgDepth blocks and the last
    /// seedDelaySeconds of sign-up, when others hardly have the time to take the place, else 0.
    /// @param signedUp end of sign-up
    function lateQuit(
        uint128 lock,
        Moment memory signedUp,
        uint256 reorgDepth,
        uint256 seedDelaySeconds
    ) internal view returns (uint128) {
        bool isLate =
            block.number + LATE_QUIT_DEPTHS * reorgDepth >= signedUp.number &&
                block.timestamp + seedDelaySeconds >= signedUp.time;
        return isLate ? uint128(StakeMath.percentUp(lock, LATE_QUIT_PERCENT)) : 0;
    }

    /// @notice Bytes that the posted events of a provable task take in a proof, after one more.
    function addEvent(uint256 bytesBefore, uint256 length) internal pure returns (uint16) {
        uint256 sum = bytesBefore + EVENT_OVERHEAD + length;
        _inside("events", sum, 0, EVENTS_BYTES_MAX);
        return uint16(sum);
    }

    function _size(ITaskBoard.TaskParams calldata p) private pure {
        _inside("reducerParams", p.reducerParams.length, 0, PARAMS_BYTES_MAX);
        _inside("maxNodes", p.maxNodes, NODES_MIN, NODES_MAX);
        _inside("minNodes", p.minNodes, NODES_MIN, p.maxNodes);
        _inside("heights", p.heights, 1, type(uint16).max);
        _inside("epochHeights", p.epochHeights, 1, EPOCH_HEIGHTS_MAX);
        _inside("stateCap", p.stateCap, 1, BYTES_MAX);
        _inside("inputCap", p.inputCap, 1, BYTES_MAX);
        uint256 heightBytes = uint256(p.maxNodes) * p.inputCap;
        if (p.calldataInputs) _inside("calldataInputs", heightBytes * p.epochHeights, 1, BYTES_MAX);
        if (p.twin != address(0)) _inside("twin", heightBytes, 1, BYTES_MAX);
    }

    function _time(ITaskBoard.TaskParams calldata p, ITaskBoard.Windows calldata w) private view {
        uint256 last = block.number + w.taskBlocksMax;
        // the end leaves room for at least one block in which the cluster can be drawn
        _inside("endBlock", p.endBlock, block.number + w.reorgDepth + 3, last);
        _inside("joinDeadline", p.joinDeadline, block.number + 1, p.endBlock - w.reorgDepth - 2);
        _inside("turnBlocks", p.turnBlocks, 1, type(uint32).max);
        uint256 stallMin = STALL_TURNS * p.maxNodes * p.turnBlocks;
        _inside("stallBlocks", p.stallBlocks, stallMin, type(uint32).max);
        if (w.taskSecondsMax == 0) {
            _inside("endTime", p.endTime, 0, 0);
            _inside("joinTime", p.joinTime, 0, 0);
            _inside("stallSeconds", p.stallSeconds, 0, 0);
            return;
        }
        uint256 draw = w.seedDelaySeconds + w.graceSeconds;
        _inside("endTime", p.endTime, block.timestamp + draw + 1, block.timestamp + w.taskSecondsMax);
        _inside("joinTime", p.joinTime, block.timestamp + 1, p.endTime - draw);
        _inside("stallSeconds", p.stallSeconds, w.graceSeconds + 1, type(uint32).max);
    }

    function _halfUp(uint256 value) private pure returns (uint256) {
        return (value + 1) / 2;
    }

    function _inside(bytes32 field, uint256 given, uint256 min, uint256 max) private pure {
        if (given < min || given > max) revert OutOfBounds(field, given, min, max);
    }
}
