// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAdmission} from "./interfaces/IAdmission.sol";
import {ITaskBoard} from "./interfaces/ITaskBoard.sol";
import {TaskBounds} from "./libraries/TaskBounds.sol";

/// @title Admission
/// @notice See IAdmission, which is the specification.
contract Admission is IAdmission {
    /// @inheritdoc IAdmission
    function admit(
        ITaskBoard.TaskParams calldata params,
        ITaskBoard.Windows calldata windows,
        uint256 tasks
    ) external view override returns (uint128 escrow, uint16 feesMax) {
        TaskBounds.check(params, windows, tasks);
        return TaskBounds.escrow(params, windows);
    }
}
