// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Max-min fair assignment of slots to those who want them, one owner per slot
/// @notice The optimal semi-matching of Harvey, Ladner, Lovász and Tamir (2006) by their algorithm ASM1. Slots come one
/// after the other, ascending. Each goes to the bidder with the fewest slots among those who can be reached: who bids for
/// the slot, who bids for a slot that such a bidder owns and could hand on, and so forth.
/// @dev Sets of slots and of bidders are bitmaps. A search takes a step per slot in its queue, and those are at most the
/// slots handed out so far: bidders that own nothing lead nowhere and are never looked at one by one. Unchecked: positions
/// are below 256 and count what is in memory.
library FairSlots {
    /// @dev A score is count << SCORE_SHIFT | bidder: the least is that of the first bidder with the fewest slots.
    uint256 private constant SCORE_SHIFT = 8;
    uint256 private constant ONE_MORE = 1 << SCORE_SHIFT;
    uint256 private constant BIDDER = ONE_MORE - 1;
    uint256 private constant NOBODY = type(uint256).max;

    struct Board {
        /// per slot: the set of those who bid for it
        uint256[] bidders;
        /// the set of those who bid for any slot
        uint256 bidding;
        /// the set of those who own a slot
        uint256 owners;
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
        /// slots in the order in which they are expanded
        uint256[] queue;
        uint256 queued;
        /// per position in the queue: the set of bidders that its slot reached first
        uint256[] found;
        /// per bidder that owns a slot: the slot it was reached by
        uint256[] via;
    }

    /// @notice Who owns what.
    /// @param slots 0 … slots − 1 are handed out, at most 256
    /// @param wanted one set per bidder; of bidders with equally many slots the first gets the next one; at most 256
    /// @return one set per bidder
    function assign(uint256 slots, uint256[] memory wanted) internal pure returns (uint256[] memory) {
        Board memory b = _empty(slots, wanted);
        Search memory s;
        s.queue = new uint256[](slots);
        s.found = new uint256[](slots);
        s.via = new uint256[](wanted.length);
        unchecked {
            for (uint256 slot = 0; slot < slots; ++slot) {
                _search(b, s, slot);
                if (s.best == NOBODY) continue;
                uint256 taker = s.best & BIDDER;
                _handOn(b, s, slot, taker);
                b.score[taker] += ONE_MORE;
                b.owners |= 1 << taker;
            }
        }
        return b.owned;
    }

    function _empty(uint256 slots, uint256[] memory wanted) private pure returns (Board memory b) {
        uint256 count = wanted.length;
        b.bidders = new uint256[](slots);
        b.owner = new uint256[](slots);
        b.owned = new uint256[](count);
        b.score = new uint256[](count);
        unchecked {
            uint256 all = type(uint256).max >> (256 - slots);
            for (uint256 bidder = 0; bidder < count; ++bidder) {
                uint256 set = wanted[bidder] & all;
                b.score[bidder] = bidder;
                if (set != 0) b.bidding |= 1 << bidder;
                _addTo(b.bidders, set, 1 << bidder);
            }
        }
    }

    /// @dev Adds a bidder's bit to every slot of a set. In assembly, because everybody may want everything.
    function _addTo(uint256[] memory bidders, uint256 set, uint256 bit) private pure {
        assembly ("memory-safe") {
            for {} set {
                set := and(set, sub(set, 1))
            } {
                let place := add(add(bidders, 32), shl(5, sub(255, clz(and(set, sub(0, set))))))
                mstore(place, or(mload(place), bit))
            }
        }
    }

    /// @dev Breadth first from `slot`, until everybody is reached who bids for anything.
    function _search(Board memory b, Search memory s, uint256 slot) private pure {
        (s.reached, s.best, s.queued) = (0, NOBODY, 1);
        s.queue[0] = slot;
        unchecked {
            for (uint256 next = 0; next < s.queued && s.reached != b.bidding; ++next) {
                uint256 from = s.queue[next];
                uint256 found = b.bidders[from] & ~s.reached;
                s.found[next] = found;
                if (found == 0) continue;
                s.reached |= found;
                uint256 idle = found & ~b.owners;
                if (idle != 0 && _lowest(idle) < s.best) s.best = _lowest(idle);
                _queue(b, s, from, found & b.owners);
            }
        }
    }

    /// @dev Those who own slots lead on: their slots join the queue.
    function _queue(Board memory b, Search memory s, uint256 from, uint256 bidders) private pure {
        unchecked {
            for (; bidders != 0; bidders &= bidders - 1) {
                uint256 bidder = _lowest(bidders);
                s.via[bidder] = from;
                if (b.score[bidder] < s.best) s.best = b.score[bidder];
                for (uint256 left = b.owned[bidder]; left != 0; left &= left - 1) {
                    s.queue[s.queued] = _lowest(left);
                    ++s.queued;
                }
            }
        }
    }

    /// @dev The taker takes the slot it was reached by, whose owner takes the one that it was reached by, and so forth up
    /// to `slot`, which nobody owns.
    function _handOn(Board memory b, Search memory s, uint256 slot, uint256 taker) private pure {
        uint256 taken = b.owned[taker] == 0 ? _foundBy(s, taker) : s.via[taker];
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

    /// @dev The slot that reached a bidder.
    function _foundBy(Search memory s, uint256 bidder) private pure returns (uint256) {
        uint256 position = 0;
        while ((s.found[position] >> bidder) & 1 == 0) ++position;
        return s.queue[position];
    }

    /// @dev Position of the lowest bit that is set, of a set that has one.
    function _lowest(uint256 set) private pure returns (uint256 position) {
        assembly ("memory-safe") {
            position := sub(255, clz(and(set, sub(0, set))))
        }
    }
}
