// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Penalties} from "./Penalties.sol";
import {Snapshot} from "./Snapshot.sol";

/// @title What the members of a task were convicted of, in one word
/// @notice 8 bits per member, from the right: 7 bits percent of the lock (0 = not convicted), 1 bit "correlated" =
/// convicted of E1, E1b or E2. The top bit is set from the start, so that a conviction never takes a new storage slot.
library Convictions {
    using Snapshot for bytes;

    /// @notice Nobody is convicted.
    uint256 internal constant NONE = 1 << 255;
    uint256 private constant BITS = 8;
    uint256 private constant PERCENT = 0x7f;
    uint256 private constant CORRELATED = 0x80;
    uint256 private constant GRAVE_PERCENT = 20;

    /// @notice Share of the lock that was due at conviction, percent; 0 if not convicted.
    function percentOf(uint256 word, uint256 member) internal pure returns (uint256) {
        return (word >> (member * BITS)) & PERCENT;
    }

    function isCorrelated(uint256 word, uint256 member) internal pure returns (bool) {
        return (word >> (member * BITS)) & CORRELATED != 0;
    }

    /// @notice The word after a conviction: the largest share counts, not the sum.
    /// @param percent 1 … 100
    function convict(
        uint256 word,
        uint256 member,
        uint256 percent,
        bool correlated
    ) internal pure returns (uint256) {
        uint256 shift = member * BITS;
        uint256 before = percentOf(word, member);
        if (percent > before) word = word - (before << shift) + (percent << shift);
        return correlated ? word | (CORRELATED << shift) : word;
    }

    /// @notice Whether a conviction is told to the reducers: a member's first one, and its first one from 20 % on. More
    /// would let a liar fill the ledger with convictions of itself.
    /// @param before share of the lock that was due before
    function isNews(uint256 before, uint256 percent) internal pure returns (bool) {
        return before == 0 || (before < GRAVE_PERCENT && percent >= GRAVE_PERCENT);
    }

    /// @notice Share of the lock that is due in the end, percent: max(base, c), c = ⌊5 · (1 + 3 · weight of the others
    /// convicted of E1, E1b or E2 / total)⌋ for a member that is one of them, so that the order of reports does not
    /// matter.
    function finalPercent(
        uint256 word,
        bytes memory members,
        uint256 member
    ) internal pure returns (uint256 percent) {
        percent = percentOf(word, member);
        if (!isCorrelated(word, member)) return percent;
        uint256 others = 0;
        for (uint256 i = 0; i < members.count(); ++i) {
            if (i != member && isCorrelated(word, i)) others += members.weight(i);
        }
        uint256 c = Penalties.correlated(others, members.totalWeight());
        if (c > percent) percent = c;
    }
}
