// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title The heights of a checkpoint: u8 hint ‖ stateHash ‖ inputsRoot ‖ u16 eventSeqDelta ‖ list, ⌈members / 8⌉ bytes
library Batch {
    uint256 private constant WITHOUT_LIST = 67;

    /// @notice A batch is one or more whole heights.
    error BatchLength(uint256 given, uint256 multipleOf);

    /// @notice A list names a seat that does not exist.
    error StrangerInList(uint256 members);

    /// @notice Where a history stands.
    struct Tip {
        bytes32 root;
        uint256 eventSeq;
    }

    /// @notice Bytes of one height.
    function heightBytes(uint256 members) internal pure returns (uint256) {
        return WITHOUT_LIST + (members + 7) / 8;
    }

    /// @notice The list of the height that begins at `offset`: bit i = member i is listed.
    function listAt(
        bytes calldata batch,
        uint256 offset,
        uint256 members
    ) internal pure returns (uint256 list) {
        uint256 shift = 256 - 8 * ((members + 7) / 8);
        assembly ("memory-safe") {
            list := shr(shift, calldataload(add(add(batch.offset, offset), WITHOUT_LIST)))
        }
    }

    /// @notice Folds the decided values of a batch onto a tip, which it moves; the hint is left out, it is right iff the
    /// head comes out.
    /// @param members size of the cluster
    /// @param eventsHashes rolling hash of the task's ledger events up to each; 0 for one that was not posted
    /// @return count number of heights
    /// @return inAll members that every height lists
    function fold(
        bytes calldata batch,
        uint256 members,
        Tip memory tip,
        mapping(uint256 seq => bytes32 eventsHash) storage eventsHashes
    ) internal view returns (uint256 count, uint256 inAll) {
        uint256 length = heightBytes(members);
        count = batch.length / length;
        if (count == 0 || count * length != batch.length) revert BatchLength(batch.length, length);
        uint256 listed = 0;
        inAll = type(uint256).max;
        assembly ("memory-safe") {
            // value = keccak(stateHash ‖ inputsRoot ‖ u256 inputs ‖ u64 eventSeq ‖ eventsHash), above the free pointer
            let buffer := mload(0x40)
            let root := mload(tip)
            let eventSeq := mload(add(tip, 32))
            let shift := sub(256, mul(8, sub(length, WITHOUT_LIST)))
            // no sequence number: the first height looks its own up
            let known := not(0)
            let end := add(batch.offset, batch.length)
            for {
                let height := batch.offset
            } lt(height, end) {
                height := add(height, length)
            } {
                eventSeq := add(eventSeq, shr(240, calldataload(add(height, 65))))
                calldatacopy(buffer, add(height, 1), 64)
                let list := shr(shift, calldataload(add(height, WITHOUT_LIST)))
                listed := or(listed, list)
                inAll := and(inAll, list)
                mstore(add(buffer, 64), list)
                if xor(known, eventSeq) {
                    known := eventSeq
                    let eventsHash := 0
                    if eventSeq {
                        mstore(0x00, eventSeq)
                        mstore(0x20, eventsHashes.slot)
                        eventsHash := sload(keccak256(0x00, 0x40))
                    }
                    mstore(add(buffer, 96), shl(192, eventSeq))
                    mstore(add(buffer, 104), eventsHash)
                }
                mstore(0x20, keccak256(buffer, 136))
                mstore(0x00, root)
                root := keccak256(0x00, 0x40)
            }
            mstore(tip, root)
            mstore(add(tip, 32), eventSeq)
        }
        if (listed >> members != 0) revert StrangerInList(members);
    }
}
