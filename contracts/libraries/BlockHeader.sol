// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ITaskBoard} from "../interfaces/ITaskBoard.sol";

/// @title Reads an RLP-encoded block header
/// @notice Reads up to the mixHash, field 13, and no further: fields that later forks append do not matter.
/// @dev Warning: says nothing about whether a block has this header. Compare its hash.
library BlockHeader {
    /// @param parentHash field 0
    /// @param number field 8
    /// @param timestamp field 11, seconds
    /// @param mixHash field 13: since the merge the block's PREVRANDAO (EIP-4399)
    struct Fields {
        bytes32 parentHash;
        uint256 number;
        uint256 timestamp;
        bytes32 mixHash;
    }

    uint256 private constant PARENT_HASH = 0;
    uint256 private constant NUMBER = 8;
    uint256 private constant TIMESTAMP = 11;
    uint256 private constant MIX_HASH = 13;
    uint256 private constant WORD = 32;

    /// @dev RLP prefixes: below SHORT the byte itself; up to LONG a string of up to 55 bytes; up to LIST a longer string,
    /// with the length of its length; then lists, short and long.
    uint256 private constant SHORT = 0x80;
    uint256 private constant LONG = 0xb7;
    uint256 private constant LIST = 0xc0;
    uint256 private constant LONG_LIST = 0xf7;

    /// @notice The fields of a header. Reverts with `MalformedHeader` for what is no list of such fields.
    function read(bytes calldata header) internal pure returns (Fields memory f) {
        uint256 prefix = _byteAt(header, 0);
        if (prefix <= LONG_LIST) revert ITaskBoard.MalformedHeader(0);
        uint256 end = 1 + prefix - LONG_LIST;
        for (uint256 i = 0; i <= MIX_HASH; ++i) {
            uint256 start;
            (start, end) = _item(header, end);
            if (i == PARENT_HASH) f.parentHash = bytes32(_word(header, start, end, WORD));
            if (i == NUMBER) f.number = _word(header, start, end, 0);
            if (i == TIMESTAMP) f.timestamp = _word(header, start, end, 0);
            if (i == MIX_HASH) f.mixHash = bytes32(_word(header, start, end, WORD));
        }
    }

    /// @dev Where the string at `offset` has its first byte, and where it ends.
    function _item(bytes calldata header, uint256 offset) private pure returns (uint256 start, uint256 end) {
        uint256 prefix = _byteAt(header, offset);
        if (prefix < SHORT) return (offset, offset + 1);
        if (prefix >= LIST) revert ITaskBoard.MalformedHeader(offset);
        if (prefix <= LONG) return (offset + 1, offset + 1 + prefix - SHORT);
        start = offset + 1 + prefix - LONG;
        end = start + _word(header, offset + 1, start, 0);
    }

    /// @dev The bytes as a big-endian number: `length` of them exactly, or at most 32 if that is 0.
    function _word(
        bytes calldata header,
        uint256 start,
        uint256 end,
        uint256 length
    ) private pure returns (uint256) {
        uint256 found = end - start;
        if (end > header.length || found > WORD || (length != 0 && found != length)) {
            revert ITaskBoard.MalformedHeader(start);
        }
        // a shift by 256 is 0, which is what no bytes stand for
        return uint256(bytes32(header[start:end])) >> (8 * (WORD - found));
    }

    function _byteAt(bytes calldata header, uint256 offset) private pure returns (uint256) {
        if (offset >= header.length) revert ITaskBoard.MalformedHeader(offset);
        return uint8(header[offset]);
    }
}
