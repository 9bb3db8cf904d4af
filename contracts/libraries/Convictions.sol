// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Penalties} from "./Penalties.sol";
import {Snapshot} from "./Snapshot.sol";

/// @title What the members of a task were convicted of, 31 members in a word
/// @notice 8 bits per member, from the right: 7 bits percent of the lock (0 = not convicted), 1 bit "correlated" =
/// convicted of E1, E1b or E2. The top bit of each word is set from the start, so that a conviction never takes a new
/// storage slot. A call reads only the words of the members that it asks about.
library Convictions {
    using Snapshot for bytes;

    uint256 private constant MARKER = 1 << 255;
    uint256 private constant PER_WORD = 31;
    uint256 private constant BITS = 8;
    uint256 private constant MEMBER = 0xff;
    uint256 private constant PERCENT = 0x7f;
    uint256 private constant CORRELATED = 0x80;
    uint256 private constant GRAVE_PERCENT = 20;

    /// @notice Nobody is convicted: pays for the words of `members` members.
    function open(mapping(uint256 word => uint256 convictions) storage words, uint256 members) internal {
        for (uint256 word = 0; word * PER_WORD < members; ++word) words[word] = MARKER;
    }

    /// @notice What a member was convicted of, as `percentOf` and `isCorrelated` read it.
    function get(
        mapping(uint256 word => uint256 convictions) storage words,
        uint256 member
    ) internal view returns (uint256) {
        return (words[member / PER_WORD] >> ((member % PER_WORD) * BITS)) & MEMBER;
    }

    /// @notice Share of the lock that was due at conviction, percent; 0 if not convicted.
    function percentOf(uint256 conviction) internal pure returns (uint256) {
        return conviction & PERCENT;
    }

    function isCorrelated(uint256 conviction) internal pure returns (bool) {
        return conviction & CORRELATED != 0;
    }

    /// @notice Writes down a conviction: the largest share counts, not the sum.
    /// @param percent 1 … 100
    /// @return before what the member was convicted of before
    /// @return convicted what it is convicted of now; the same if that adds nothing
    function convict(
        mapping(uint256 word => uint256 convictions) storage words,
        uint256 member,
        uint256 percent,
        bool correlated
    ) internal returns (uint256 before, uint256 convicted) {
        before = get(words, member);
        uint256 share = percentOf(before);
        convicted = (before & CORRELATED) | (percent > share ? percent : share);
        if (correlated) convicted |= CORRELATED;
        words[member / PER_WORD] ^= (before ^ convicted) << ((member % PER_WORD) * BITS);
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
        mapping(uint256 word => uint256 convictions) storage words,
        bytes memory members,
        uint256 member
    ) internal view returns (uint256 percent) {
        uint256 own = get(words, member);
        percent = percentOf(own);
        if (!isCorrelated(own)) return percent;
        uint256 others = 0;
        for (uint256 i = 0; i < members.count(); ++i) {
            if (i != member && isCorrelated(get(words, i))) others += members.weight(i);
        }
        uint256 c = Penalties.correlated(others, members.totalWeight());
        if (c > percent) percent = c;
    }
}
