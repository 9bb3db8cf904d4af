// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ITaskLine} from "./ITaskLine.sol";

/// @title Makes lines of tasks
/// @notice A line made here has the code of this deployment: a node's policy and an auditor trust it for that alone. Nobody
/// owns this contract.
interface ITaskLines {
    /// @notice A line was made.
    event LineOpened(address indexed line, address indexed owner);

    /// @notice Makes a line of the caller's, without a budget and without a task. Reverts unless the board takes a task of
    /// that plan now.
    function open(ITaskLine.Plan calldata plan) external returns (address line);

    /// @notice Whether a line was made here.
    function isLine(address account) external view returns (bool);

    /// @notice The task board.
    function board() external view returns (address);
}
