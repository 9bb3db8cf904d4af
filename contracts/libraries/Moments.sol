// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice A block and a second, both of which the chain must have reached. Time 0: the block alone counts.
/// @dev A chain that stops reaches no block, one whose blocks come fast reaches no second: neither ends a window alone.
/// @param number block number
/// @param time unix seconds
struct Moment {
    uint64 number;
    uint64 time;
}

/// @title When something begins or ends
library Moments {
    /// @notice Whether the current block is at or after a moment.
    function isReached(Moment memory m) internal view returns (bool) {
        return block.number >= m.number && block.timestamp >= m.time;
    }

    /// @notice The current block's moment.
    function current() internal view returns (Moment memory) {
        return Moment(uint64(block.number), uint64(block.timestamp));
    }

    /// @notice The moment `blocks` and `seconds_` later.
    function plus(Moment memory m, uint256 blocks, uint256 seconds_) internal pure returns (Moment memory) {
        return Moment(m.number + uint64(blocks), m.time + uint64(seconds_));
    }

    /// @notice The latest moment that is not after either of two.
    function floor(Moment memory a, Moment memory b) internal pure returns (Moment memory) {
        return Moment(a.number < b.number ? a.number : b.number, a.time < b.time ? a.time : b.time);
    }
}
