// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Packed} from "../libraries/Packed.sol";
import {Election} from "./Election.sol";
import {Rows} from "./Rows.sol";
import {Twin} from "./Twin.sol";

/// @title Twin of popular-value@1: the value that most members hold
/// @dev State: bytes32 seed ‖ bytes32 value ‖ u8 count ‖ u8 rows ‖ rows × (u8 member ‖ bytes32 value). No params.
contract PopularValueTwin is Twin {
    using Packed for bytes;

    uint256 private constant HEAD = 65;
    uint256 private constant ROW = 33;
    uint256 private constant INPUT_LENGTH = 99;
    uint256 private constant COUNT_AT = 64;
    /// count 0, one row, member 0
    bytes3 private constant INPUT_MIDDLE = 0x000100;
    uint256 private constant VALUE_AT = 1;

    /// @inheritdoc Twin
    function _layout() internal pure override returns (uint256, uint256) {
        return (HEAD, ROW);
    }

    /// @inheritdoc Twin
    function _areParams(bytes calldata params) internal pure override returns (bool) {
        return params.length == 0;
    }

    /// @inheritdoc Twin
    function _isInput(bytes calldata, bytes calldata state) internal pure override returns (bool) {
        return
            state.length == INPUT_LENGTH &&
            state.word(0) == 0 &&
            state.word(32) == 0 &&
            bytes3(state.word(COUNT_AT)) == INPUT_MIDDLE;
    }

    /// @inheritdoc Twin
    function _aggregate(
        bytes calldata,
        bytes32 seed,
        Input[] calldata,
        Event[] calldata,
        bytes memory rows
    ) internal pure override returns (bytes memory) {
        return _elect(seed, rows);
    }

    /// @inheritdoc Twin
    function _close(
        bytes calldata,
        bytes calldata state,
        bytes memory rows
    ) internal pure override returns (bytes memory) {
        return _elect(state.word(0), rows);
    }

    function _elect(bytes32 seed, bytes memory rows) private pure returns (bytes memory) {
        uint256 total = _count(rows);
        bytes32[] memory values = new bytes32[](total);
        uint256[] memory ones = new uint256[](total);
        for (uint256 i = 0; i < total; ++i) {
            values[i] = Rows.word(rows, i * ROW + VALUE_AT);
            ones[i] = 1;
        }
        (bytes32 value, uint256 count) = Election.elect(seed, values, ones);
        return abi.encodePacked(seed, value, uint8(count), uint8(total), rows);
    }
}
