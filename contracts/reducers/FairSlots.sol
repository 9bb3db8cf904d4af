// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Max-min fair assignment of slots to those who want them, one owner per slot
/// @notice The optimal semi-matching of Harvey, Ladner, Lovász and Tamir (2006) by their algorithm ASM1. Slots come one
/// after the other, ascending. Each goes to the bidder with the fewest slots among those who can be reached: who bids for
/// the slot, who bids for a slot that such a bidder owns and could hand on, and so forth.
/// @dev Sets of slots and of bidders are bitmaps, so that a search takes a step per bidder and per slot that they own,
/// not one per pair. Unchecked: positions are below 256 and count what is in memory.
library FairSlots {
    /// @dev A score is count << SCORE_SHIFT | bidder: the least is that of the first bidder with the fewest slots.
    uint256 private constant SCORE_SHIFT = 8;
    uint256 private constant ONE_MORE = 1 << SCORE_SHIFT;
    uint256 private constant BIDDER = ONE_MORE - 1;
    uint256 private constant NOBODY = type(uint256).max;

    struct Board {
        /// per slot: the set of those who bid for it
        uint256[] bidders;
        /// per slot that is handed out: bidder
        uint256[] owner;
        /// per bidder: the set of slots it owns
        uint256[] owned;
        /// per bidder
        uint256[] score;
    }

    struct Search {
        /// set of bidders
        uint256 reached;
        /// the least score among them, or NOBODY
        uint256 best;
        /// the reached bidders in the order in which they were
        uint256[] queue;
        uint256 queued;
        /// per bidder: the slot it was reached by
        uint256[] via;
    }

    /// @notice Who owns what.
    /// @param slots 0 … slots − 1 are handed out, at most 256
    /// @param wanted one set per bidder, of these slots; of bidders with equally many slots the first gets the next one;
    /// at most 256
    /// @return one set per bidder
    function assign(uint256 slots, uint256[] memory wanted) internal pure returns (uint256[] memory) {
        uint256 count = wanted.length;
        Board memory b = Board({
            bidders: _transposed(slots, wanted),
            owner: new uint256[](slots),
            owned: new uint256[](count),
            score: new uint256[](count)
        });
        Search memory s = Search(0, NOBODY, new uint256[](count), 0, new uint256[](count));
        unchecked {
            for (uint256 bidder = 0; bidder < count; ++bidder) b.score[bidder] = bidder;
            for (uint256 slot = 0; slot < slots; ++slot) {
                _search(b, s, slot);
                if (s.best == NOBODY) continue;
                uint256 taker = s.best & BIDDER;
                b.score[taker] += ONE_MORE;
                _handOn(b, s, slot, taker);
            }
        }
        return b.owned;
    }

    /// @dev Per slot the set of those who want it.
    function _transposed(
        uint256 slots,
        uint256[] memory wanted
    ) private pure returns (uint256[] memory bidders) {
        bidders = new uint256[](slots);
        unchecked {
            for (uint256 bidder = 0; bidder < wanted.length; ++bidder) {
                for (uint256 left = wanted[bidder]; left != 0; left &= left - 1) {
                    bidders[_lowest(left)] |= 1 << bidder;
                }
            }
        }
    }

    /// @dev Breadth first from `slot`: a bidder's slots are expanded in the order in which the bidders were reached, until
    /// all were.
    function _search(Board memory b, Search memory s, uint256 slot) private pure {
        (s.reached, s.best, s.queued) = (0, NOBODY, 0);
        _reach(b, s, slot);
        unchecked {
            for (uint256 next = 0; next < s.queued && s.queued < s.queue.length; ++next) {
                for (uint256 left = b.owned[s.queue[next]]; left != 0; left &= left - 1) {
                    _reach(b, s, _lowest(left));
                }
            }
        }
    }

    /// @dev Those who bid for a slot are reached by it, unless they were before.
    function _reach(Board memory b, Search memory s, uint256 slot) private pure {
        uint256 left = b.bidders[slot] & ~s.reached;
        s.reached |= left;
        unchecked {
            for (; left != 0; left &= left - 1) {
                uint256 bidder = _lowest(left);
                s.via[bidder] = slot;
                s.queue[s.queued] = bidder;
                ++s.queued;
                if (b.score[bidder] < s.best) s.best = b.score[bidder];
            }
        }
    }

    /// @dev The taker takes the slot it was reached by, whose owner takes the one that it was reached by, and so forth up
    /// to `slot`, which nobody owns.
    function _handOn(Board memory b, Search memory s, uint256 slot, uint256 taker) private pure {
        uint256 taken = s.via[taker];
        while (taken != slot) {
            uint256 before = b.owner[taken];
            b.owner[taken] = taker;
            b.owned[taker] |= 1 << taken;
            b.owned[before] &= ~(1 << taken);
            taker = before;
            taken = s.via[taker];
        }
        b.owner[slot] = taker;
        b.owned[taker] |= 1 << slot;
    }

    /// @dev Position of the lowest bit that is set, of a set that has one.
    function _lowest(uint256 set) private pure returns (uint256 position) {
        assembly ("memory-safe") {
            position := sub(255, clz(and(set, sub(0, set))))
        }
    }
}
