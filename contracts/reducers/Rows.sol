// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Packed rows of a state, in memory
/// @dev Warning: offsets are not checked. Callers take them from the number and the width of the rows.
library Rows {
    /// @notice 32 bytes at an offset.
    function word(bytes memory rows, uint256 offset) internal pure returns (bytes32 result) {
        assembly ("memory-safe") {
            result := mload(add(add(rows, 32), offset))
        }
    }

    function u8(bytes memory rows, uint256 offset) internal pure returns (uint8) {
        return uint8(bytes1(word(rows, offset)));
    }

    function u64(bytes memory rows, uint256 offset) internal pure returns (uint64) {
        return uint64(bytes8(word(rows, offset)));
    }

    /// @notice Writes 8 bytes at an offset and leaves the rest.
    function setU64(bytes memory rows, uint256 offset, uint64 value) internal pure {
        assembly ("memory-safe") {
            let place := add(add(rows, 32), offset)
            mstore(place, or(shl(192, value), shr(64, shl(64, mload(place)))))
        }
    }
}
