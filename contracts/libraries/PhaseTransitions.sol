// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title The transition table of a node (paper, section 3)
/// @notice Statuses: INITIAL 0, DEBATE 1, IDLE 2, SHARE 3, CLOSE 4. Events: t1 … t7 = 1 … 7, RESET = 8.
library PhaseTransitions {
    uint8 internal constant RESET = 8;
    uint8 private constant STATUSES = 5;

    /// @dev One byte per event t1 … t7 from the left: high half = from, low half = to.
    /// t1 INITIAL→DEBATE, t2 DEBATE→IDLE, t3 IDLE→DEBATE, t4 IDLE→SHARE, t5 IDLE→CLOSE, t6 SHARE→IDLE, t7 CLOSE→IDLE
    bytes7 private constant MOVES = 0x01122123243242;

    /// @notice Whether `event_` leads from `from` to `to`. RESET leads from anywhere to INITIAL.
    function isLegal(uint8 from, uint8 event_, uint8 to) internal pure returns (bool) {
        if (from >= STATUSES || to >= STATUSES) return false;
        if (event_ == RESET) return to == 0;
        if (event_ == 0 || event_ > RESET) return false;
        return uint8(MOVES[event_ - 1]) == (from << 4) | to;
    }
}
