// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title A binary heap of numbers in memory, least first
/// @notice Making it takes O(m) steps, each `pop` O(log m): cheaper than sorting where not all are wanted.
library MinHeap {
    /// @notice Orders the numbers as a heap, in place.
    function heapify(uint256[] memory heap) internal pure {
        uint256 size = heap.length;
        for (uint256 i = size / 2; i > 0; --i) _sink(heap, i - 1, size);
    }

    /// @notice Takes the least number out. The list gets shorter by one.
    /// @dev Warning: `heap` must be a heap and not empty.
    function pop(uint256[] memory heap) internal pure returns (uint256 least) {
        least = heap[0];
        uint256 size = heap.length - 1;
        heap[0] = heap[size];
        assembly ("memory-safe") {
            mstore(heap, size)
        }
        if (size > 1) _sink(heap, 0, size);
    }

    /// @dev Moves the number at `i` down until none below it is less. Positions stay below `size`, so the bounds that
    /// Solidity would check again hold.
    function _sink(uint256[] memory heap, uint256 i, uint256 size) private pure {
        assembly ("memory-safe") {
            let base := add(heap, 32)
            let moved := mload(add(base, shl(5, i)))
            for {
                let child := add(shl(1, i), 1)
            } lt(child, size) {
                child := add(shl(1, i), 1)
            } {
                let least := mload(add(base, shl(5, child)))
                if lt(add(child, 1), size) {
                    let right := mload(add(base, shl(5, add(child, 1))))
                    if lt(right, least) {
                        least := right
                        child := add(child, 1)
                    }
                }
                if iszero(lt(least, moved)) {
                    break
                }
                mstore(add(base, shl(5, i)), least)
                i := child
            }
            mstore(add(base, shl(5, i)), moved)
        }
    }
}
