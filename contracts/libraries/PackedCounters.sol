// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title One small counter per member, several in a storage word
/// @notice Every word carries a marker bit from the start, so counting never takes a new storage slot.
/// @dev Warning: a counter must not outgrow its width; the callers' bounds see to it.
library PackedCounters {
    uint256 private constant MARKER = 1 << 255;
    uint256 private constant USABLE_BITS = 240;

    /// @notice Pays for the words of `members` counters.
    function open(
        mapping(uint256 word => uint256 counters) storage words,
        uint256 width,
        uint256 members
    ) internal {
        uint256 perWord = USABLE_BITS / width;
        for (uint256 word = 0; word * perWord < members; ++word) words[word] = MARKER;
    }

    /// @notice Adds `amount` to one member's counter.
    function add(
        mapping(uint256 word => uint256 counters) storage words,
        uint256 width,
        uint256 member,
        uint256 amount
    ) internal {
        uint256 perWord = USABLE_BITS / width;
        unchecked {
            words[member / perWord] += amount << ((member % perWord) * width);
        }
    }

    /// @notice Adds `amount` to the counter of every member in the bitmap; touches only words that change.
    function addAll(
        mapping(uint256 word => uint256 counters) storage words,
        uint256 width,
        uint256 bitmap,
        uint256 amount
    ) internal {
        uint256 perWord = USABLE_BITS / width;
        for (uint256 word = 0; bitmap != 0; ++word) {
            uint256 sum = 0;
            uint256 chunk = bitmap & ((1 << perWord) - 1);
            for (uint256 shift = 0; chunk != 0; shift += width) {
                if (chunk & 1 == 1) sum += amount << shift;
                chunk >>= 1;
            }
            if (sum != 0) words[word] += sum;
            bitmap >>= perWord;
        }
    }

    function get(
        mapping(uint256 word => uint256 counters) storage words,
        uint256 width,
        uint256 member
    ) internal view returns (uint256) {
        uint256 perWord = USABLE_BITS / width;
        return (words[member / perWord] >> ((member % perWord) * width)) & ((1 << width) - 1);
    }
}
