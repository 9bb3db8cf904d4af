// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ITaskBoard} from "../interfaces/ITaskBoard.sol";
import {BlockHashes} from "./BlockHashes.sol";
import {BlockHeader} from "./BlockHeader.sol";

/// @title A block's mixHash, proved by its header
/// @notice Since the merge the mixHash is the beacon chain's randomness of the block before (EIP-4399). Its proposer can
/// publish the block or give it up, which is one bit; whatever else a builder puts into the header changes the block's
/// hash and not the mixHash.
library Beacon {
    using BlockHeader for bytes;

    /// @notice mixHash of block `number`. Reverts unless `header` is the header of that block.
    function mixHashAt(bytes calldata header, uint256 number) internal view returns (bytes32) {
        bytes32 expected = BlockHashes.hashOf(number);
        if (expected == 0) revert ITaskBoard.NoBlockHash(number);
        bytes32 given = keccak256(header);
        if (given != expected) revert ITaskBoard.NotTheHeader(number, given, expected);
        return _random(header.read());
    }

    /// @notice mixHash of the first block whose timestamp is at least `time`. Reverts unless `header` is that of a block of
    /// this chain, `parent` that of the block before, and `time` is after the one and not after the other.
    function mixHashSince(
        bytes calldata header,
        bytes calldata parent,
        uint256 time
    ) internal view returns (bytes32) {
        BlockHeader.Fields memory f = header.read();
        bytes32 expected = BlockHashes.hashOf(f.number);
        if (expected == 0) revert ITaskBoard.NoBlockHash(f.number);
        bytes32 given = keccak256(header);
        if (given != expected) revert ITaskBoard.NotTheHeader(f.number, given, expected);
        given = keccak256(parent);
        if (given != f.parentHash) revert ITaskBoard.NotTheHeader(f.number - 1, given, f.parentHash);
        uint256 before = parent.read().timestamp;
        if (before >= time || f.timestamp < time) revert ITaskBoard.NotTheFirst(before, f.timestamp, time);
        return _random(f);
    }

    /// @dev 0 is what a chain has that knows no randomness: it would be known before anybody signs up.
    function _random(BlockHeader.Fields memory f) private pure returns (bytes32) {
        if (f.mixHash == 0) revert ITaskBoard.NoRandomness(f.number);
        return f.mixHash;
    }
}
