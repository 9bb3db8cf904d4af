// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Shares of money, rounded against whoever receives them
library StakeMath {
    /// @notice ⌊amount · weight / total⌋: rounded down; the rest stays with the client.
    /// @dev In-range input cannot overflow: amount < 2^160, weight < 2^16 · 31.
    function portionDown(uint256 amount, uint256 weight, uint256 total) internal pure returns (uint256) {
        return (amount * weight) / total;
    }
}
