// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ITaskBoard} from "./ITaskBoard.sol";

/// @title Which tasks a board takes, and what their clients pay in advance
/// @notice Holds no state. The task board builds it for itself, so that its own code stays small.
interface IAdmission {
    /// @notice Reverts with the first bound of ITaskBoard.TaskParams that is broken; else says what the task costs.
    /// @param windows the board's
    /// @param tasks number of tasks published before
    /// @return escrow rewards of all heights, fees of `feesMax` checkpoints and of the costliest drawing
    /// @return feesMax largest number of checkpoints for which a fee becomes due
    function admit(
        ITaskBoard.TaskParams calldata params,
        ITaskBoard.Windows calldata windows,
        uint256 tasks
    ) external view returns (uint128 escrow, uint16 feesMax);
}
