// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Packed} from "../libraries/Packed.sol";
import {Rows} from "./Rows.sol";
import {Sorting} from "./Sorting.sol";
import {Twin} from "./Twin.sol";

/// @title Twin of median@1: the lower median of what members observe
/// @dev State: i128 median ‖ u8 count ‖ count × (u8 member ‖ i128 value). Params: i128 min ‖ i128 max, min ≤ max.
contract MedianTwin is Twin {
    using Packed for bytes;

    uint256 private constant HEAD = 16;
    uint256 private constant ROW = 17;
    uint256 private constant PARAMS_LENGTH = 32;
    uint256 private constant INPUT_LENGTH = 34;
    /// median 0, one row, member 0
    bytes18 private constant INPUT_HEAD = 0x000000000000000000000000000000000100;
    uint256 private constant INPUT_VALUE_AT = 18;
    uint256 private constant VALUE_AT = 1;
    /// the sign bit: flipped, two's complement sorts as an unsigned number
    uint256 private constant SIGN = 1 << 127;

    /// @inheritdoc Twin
    function _layout() internal pure override returns (uint256, uint256) {
        return (HEAD, ROW);
    }

    /// @inheritdoc Twin
    function _areParams(bytes calldata params) internal pure override returns (bool) {
        return params.length == PARAMS_LENGTH && _i128(params, 0) <= _i128(params, 16);
    }

    /// @inheritdoc Twin
    function _isInput(bytes calldata params, bytes calldata state) internal pure override returns (bool) {
        return
            state.length == INPUT_LENGTH &&
            bytes18(state.word(0)) == INPUT_HEAD &&
            _i128(state, INPUT_VALUE_AT) >= _i128(params, 0) &&
            _i128(state, INPUT_VALUE_AT) <= _i128(params, 16);
    }

    /// @inheritdoc Twin
    function _aggregate(
        bytes calldata,
        bytes32,
        Input[] calldata,
        Event[] calldata,
        bytes memory rows
    ) internal pure override returns (bytes memory) {
        return _withMedian(rows);
    }

    /// @inheritdoc Twin
    function _close(
        bytes calldata,
        bytes calldata,
        bytes memory rows
    ) internal pure override returns (bytes memory) {
        return _withMedian(rows);
    }

    function _withMedian(bytes memory rows) private pure returns (bytes memory) {
        uint256 count = _count(rows);
        if (count == 0) return new bytes(17);
        uint256[] memory values = new uint256[](count);
        for (uint256 i = 0; i < count; ++i) {
            values[i] = uint128(bytes16(Rows.word(rows, i * ROW + VALUE_AT))) ^ SIGN;
        }
        uint128 median = uint128(Sorting.lowerMedian(values) ^ SIGN);
        return abi.encodePacked(median, uint8(count), rows);
    }

    function _i128(bytes calldata data, uint256 offset) private pure returns (int128) {
        return int128(uint128(bytes16(data.word(offset))));
    }
}
