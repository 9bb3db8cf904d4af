// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Reads fixed-width fields of packed calldata
/// @dev Warning: no bounds checks. The caller has checked the length of `data` against whole records.
library Packed {
    function word(bytes calldata data, uint256 offset) internal pure returns (bytes32 result) {
        assembly ("memory-safe") {
            result := calldataload(add(data.offset, offset))
        }
    }

    function u8(bytes calldata data, uint256 offset) internal pure returns (uint8) {
        return uint8(uint256(word(data, offset)) >> 248);
    }

    function u64(bytes calldata data, uint256 offset) internal pure returns (uint64) {
        return uint64(uint256(word(data, offset)) >> 192);
    }
}
