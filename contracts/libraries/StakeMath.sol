// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Shares of money, rounded against the nodes
library StakeMath {
    /// @notice ⌊amount · weight / total⌋: rounded down; the rest stays with the client.
    /// @dev In-range input cannot overflow: amount < 2^160, weight < 2^16 · 31.
    function portionDown(uint256 amount, uint256 weight, uint256 total) internal pure returns (uint256) {
        return (amount * weight) / total;
    }

    /// @notice ⌈amount · percent / 100⌉: rounded up, never above the amount.
    /// @param percent 0 … 100
    function percentUp(uint256 amount, uint256 percent) internal pure returns (uint256) {
        return (amount * percent + 99) / 100;
    }
}
