// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {TaskLine} from "./TaskLine.sol";
import {ITaskBoard} from "./interfaces/ITaskBoard.sol";
import {ITaskLine} from "./interfaces/ITaskLine.sol";
import {ITaskLines} from "./interfaces/ITaskLines.sol";

/// @title TaskLines
/// @notice See ITaskLines, which is the specification.
contract TaskLines is ITaskLines {
    ITaskBoard private immutable _BOARD;

    /// @inheritdoc ITaskLines
    mapping(address account => bool) public override isLine;

    constructor(ITaskBoard board_) {
        _BOARD = board_;
    }

    /// @inheritdoc ITaskLines
    function open(ITaskLine.Plan calldata plan) external override returns (address line) {
        line = address(new TaskLine(_BOARD, msg.sender, plan));
        isLine[line] = true;
        emit LineOpened(line, msg.sender);
    }

    /// @inheritdoc ITaskLines
    function board() external view override returns (address) {
        return address(_BOARD);
    }
}
