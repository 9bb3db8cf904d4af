// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ITaskBoard} from "../interfaces/ITaskBoard.sol";
import {BlockHashes} from "./BlockHashes.sol";
import {BlockHeader} from "./BlockHeader.sol";
import {Moment} from "./Moments.sol";

/// @title A block's mixHash, proved by its header
/// @notice Since the merge the mixHash is the beacon chain's randomness of the block before (EIP-4399). Its proposer can
/// publish the block or give it up, which is one bit; whatever else a builder puts into the header changes the block's
/// hash and not the mixHash.
library Beacon {
    using BlockHeader for bytes;

    /// @notice mixHash of the first block at or after a moment. Reverts unless `header` is that of a block of this chain,
    /// which is, and its parent is not.
    /// @param parent header of the block before; not needed where `header` is that of the moment's block
    function mixHashSince(
        bytes calldata header,
        bytes calldata parent,
        Moment memory since
    ) internal view returns (bytes32) {
        BlockHeader.Fields memory f = header.read();
        bytes32 expected = BlockHashes.hashOf(f.number);
        if (expected == 0) revert ITaskBoard.NoBlockHash(f.number);
        bytes32 given = keccak256(header);
        if (given != expected) revert ITaskBoard.NotTheHeader(f.number, given, expected);
        if (f.number < since.number || f.timestamp < since.time) {
            revert ITaskBoard.NotTheFirst(f.number, f.timestamp, since.number, since.time);
        }
        if (f.number > since.number) {
            given = keccak256(parent);
            if (given != f.parentHash) revert ITaskBoard.NotTheHeader(f.number - 1, given, f.parentHash);
            uint256 before = parent.read().timestamp;
            if (before >= since.time) {
                revert ITaskBoard.NotTheFirst(f.number, before, since.number, since.time);
            }
        }
        // 0 is what a chain has that knows no randomness: it would be known before anybody signs up
        if (f.mixHash == 0) revert ITaskBoard.NoRandomness(f.number);
        return f.mixHash;
    }
}
