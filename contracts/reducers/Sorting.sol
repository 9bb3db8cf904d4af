// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Sorts a few numbers
/// @dev Unchecked: positions count what is in memory.
library Sorting {
    /// @notice The values, ascending: a merge sort from the bottom up. The given array is scratch space afterwards.
    function ascending(uint256[] memory values) internal pure returns (uint256[] memory sorted) {
        uint256 n = values.length;
        sorted = values;
        uint256[] memory other = new uint256[](n);
        unchecked {
            for (uint256 width = 1; width < n; width *= 2) {
                for (uint256 left = 0; left < n; left += 2 * width) {
                    _merge(sorted, other, left, _min(left + width, n), _min(left + 2 * width, n));
                }
                (sorted, other) = (other, sorted);
            }
        }
    }

    /// @notice The lower median: position ⌊(count − 1) / 2⌋ of the sorted values, 0 of none.
    function lowerMedian(uint256[] memory values) internal pure returns (uint256) {
        if (values.length == 0) return 0;
        return ascending(values)[(values.length - 1) / 2];
    }

    /// @dev Merges the sorted runs left … middle − 1 and middle … right − 1 of one array into the same places of another.
    function _merge(
        uint256[] memory from,
        uint256[] memory to,
        uint256 left,
        uint256 middle,
        uint256 right
    ) private pure {
        assembly ("memory-safe") {
            let a := add(add(from, 32), shl(5, left))
            let aEnd := add(add(from, 32), shl(5, middle))
            let b := aEnd
            let bEnd := add(add(from, 32), shl(5, right))
            let place := add(add(to, 32), shl(5, left))
            for {} and(lt(a, aEnd), lt(b, bEnd)) {
                place := add(place, 32)
            } {
                let x := mload(a)
                let y := mload(b)
                switch gt(x, y)
                case 0 {
                    mstore(place, x)
                    a := add(a, 32)
                }
                default {
                    mstore(place, y)
                    b := add(b, 32)
                }
            }
            mcopy(place, a, sub(aEnd, a))
            mcopy(add(place, sub(aEnd, a)), b, sub(bEnd, b))
        }
    }

    function _min(uint256 a, uint256 b) private pure returns (uint256) {
        return a < b ? a : b;
    }
}
