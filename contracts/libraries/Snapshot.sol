// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title The members of a cluster, kept as the code of a data contract
/// @notice 42 bytes per member, by seat: address key ‖ address operator ‖ u16 weight. On chain behind one 0x00 byte, so
/// that the data can never be run.
/// @dev Reading 128 members from code costs 2,600 gas; from storage it would be 500,000.
library Snapshot {
    uint256 private constant MEMBER = 42;

    /// @notice The data contract could not be created.
    error SnapshotNotWritten();

    function encode(
        address[] memory keys,
        address[] memory operators,
        uint16[] memory weights
    ) internal pure returns (bytes memory members) {
        members = new bytes(MEMBER * keys.length);
        for (uint256 i = 0; i < keys.length; ++i) {
            (uint256 signer, uint256 owner) = (uint160(keys[i]), uint160(operators[i]));
            uint256 pointer = seat(members, i);
            // the first 32 and the last 32 of the 42 bytes
            uint256 first = (signer << 96) | (owner >> 64);
            uint256 last = (signer << 176) | (owner << 16) | weights[i];
            assembly ("memory-safe") {
                mstore(pointer, first)
                mstore(add(pointer, 10), last)
            }
        }
    }

    /// @notice Creates the data contract.
    function write(bytes memory members) internal returns (address pointer) {
        // init code: push2 size, dup1, push1 10, returndatasize, codecopy, returndatasize, return
        bytes memory initCode = abi.encodePacked(
            hex"61",
            uint16(members.length + 1),
            hex"80600a3d393df3",
            hex"00",
            members
        );
        assembly ("memory-safe") {
            pointer := create(0, add(initCode, 32), mload(initCode))
        }
        if (pointer == address(0)) revert SnapshotNotWritten();
    }

    /// @notice The members behind the pointer; empty if there is no code.
    function read(address pointer) internal view returns (bytes memory members) {
        assembly ("memory-safe") {
            let size := extcodesize(pointer)
            if size {
                size := sub(size, 1)
            }
            members := mload(0x40)
            mstore(members, size)
            extcodecopy(pointer, add(members, 32), 1, size)
            mstore(0x40, and(add(add(members, size), 63), not(31)))
        }
    }

    /// @notice Key of one member, and how many members there are; 0 if there is no such member.
    /// @dev Costs the same in a cluster of any size.
    function keyAt(address pointer, uint256 index) internal view returns (address result, uint256 n) {
        uint256 size = pointer.code.length;
        if (size == 0) return (address(0), 0);
        n = (size - 1) / MEMBER;
        if (index >= n) return (address(0), n);
        assembly ("memory-safe") {
            extcodecopy(pointer, 0x00, add(1, mul(index, MEMBER)), 32)
            result := shr(96, mload(0x00))
        }
    }

    function count(bytes memory members) internal pure returns (uint256) {
        return members.length / MEMBER;
    }

    /// @notice Where a member's 42 bytes begin in memory.
    function seat(bytes memory members, uint256 index) internal pure returns (uint256 pointer) {
        assembly ("memory-safe") {
            pointer := add(members, add(32, mul(index, MEMBER)))
        }
    }

    /// @dev Warning: `index` must be below `count`.
    function key(bytes memory members, uint256 index) internal pure returns (address result) {
        uint256 pointer = seat(members, index);
        assembly ("memory-safe") {
            result := shr(96, mload(pointer))
        }
    }

    /// @dev Warning: `index` must be below `count`.
    function operator(bytes memory members, uint256 index) internal pure returns (address result) {
        uint256 pointer = seat(members, index);
        assembly ("memory-safe") {
            result := shr(96, mload(add(pointer, 20)))
        }
    }

    /// @dev Warning: `index` must be below `count`.
    function weight(bytes memory members, uint256 index) internal pure returns (uint256 result) {
        uint256 pointer = seat(members, index);
        assembly ("memory-safe") {
            result := shr(240, mload(add(pointer, 40)))
        }
    }

    function totalWeight(bytes memory members) internal pure returns (uint256 total) {
        uint256 n = count(members);
        for (uint256 i = 0; i < n; ++i) total += weight(members, i);
    }

    /// @notice Weight of the members in a bitmap; bits of seats that do not exist weigh nothing.
    function weightOf(bytes memory members, uint256 bitmap) internal pure returns (uint256 sum) {
        uint256 n = count(members);
        for (uint256 i = 0; i < n; ++i) if ((bitmap >> i) & 1 == 1) sum += weight(members, i);
    }

    /// @notice Seat of a key; `count` if it holds none.
    function seatOf(bytes memory members, address wanted) internal pure returns (uint256 i) {
        uint256 n = count(members);
        while (i < n && key(members, i) != wanted) ++i;
    }
}
