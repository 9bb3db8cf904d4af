// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title The heights of a checkpoint: 67 bytes each, u8 hint ‖ stateHash ‖ inputsRoot ‖ u16 eventSeqDelta
library Batch {
    uint256 private constant HEIGHT = 67;

    /// @notice A batch is one or more whole heights.
    error BatchLength(uint256 given, uint256 multipleOf);

    /// @notice Folds the decided values of a batch onto a root; the hint is left out, it is right iff the head comes out.
    /// @return count number of heights
    /// @return newRoot root after the last of them
    /// @return newEventSeq event sequence after the last of them
    function fold(
        bytes calldata batch,
        bytes32 root,
        uint256 eventSeq
    ) internal pure returns (uint256 count, bytes32 newRoot, uint256 newEventSeq) {
        count = batch.length / HEIGHT;
        if (count == 0 || count * HEIGHT != batch.length) revert BatchLength(batch.length, HEIGHT);
        newRoot = root;
        newEventSeq = eventSeq;
        assembly ("memory-safe") {
            // value = keccak(stateHash ‖ inputsRoot ‖ u64 eventSeq), built above the free memory pointer
            let buffer := mload(0x40)
            let end := add(batch.offset, batch.length)
            for {
                let height := batch.offset
            } lt(height, end) {
                height := add(height, HEIGHT)
            } {
                newEventSeq := add(newEventSeq, shr(240, calldataload(add(height, 65))))
                calldatacopy(buffer, add(height, 1), 64)
                mstore(add(buffer, 64), shl(192, newEventSeq))
                mstore(0x20, keccak256(buffer, 72))
                mstore(0x00, newRoot)
                newRoot := keccak256(0x00, 0x40)
            }
        }
    }
}
