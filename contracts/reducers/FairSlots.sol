// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Max-min fair assignment of slots to those who want them, one owner per slot
/// @notice The optimal semi-matching of Harvey, Ladner, Lovász and Tamir (2006) by their algorithm ASM1. Slots come one
/// after the other, ascending. Each goes to the bidder with the fewest slots among those who can be reached: who bids for
/// the slot, who bids for a slot that such a bidder owns and could hand on, and so forth.
library FairSlots {
    uint256 private constant NOBODY = type(uint256).max;

    /// @dev Sets are bitmaps of slots.
    struct Board {
        /// per bidder: what it wants, and what it owns
        uint256[] wanted;
        uint256[] owned;
        /// per bidder: how many it owns
        uint256[] count;
        /// per slot: bidder, or NOBODY
        uint256[] owner;
        /// per bidder, in one search: the slot it was reached by
        uint256[] via;
        /// slots of one search, in the order in which they are expanded
        uint256[] queue;
    }

    /// @notice Who owns what.
    /// @param slots 0 … slots − 1 are handed out
    /// @param wanted one set per bidder; of bidders with equally many slots the first gets the next one
    /// @return one set per bidder
    function assign(uint256 slots, uint256[] memory wanted) internal pure returns (uint256[] memory) {
        uint256 bidders = wanted.length;
        Board memory b = Board({
            wanted: wanted,
            owned: new uint256[](bidders),
            count: new uint256[](bidders),
            owner: new uint256[](slots),
            via: new uint256[](bidders),
            queue: new uint256[](slots)
        });
        for (uint256 slot = 0; slot < slots; ++slot) b.owner[slot] = NOBODY;
        for (uint256 slot = 0; slot < slots; ++slot) {
            uint256 taker = _search(b, slot);
            if (taker == NOBODY) continue;
            ++b.count[taker];
            _handOn(b, taker);
        }
        return b.owned;
    }

    /// @dev Breadth first from `slot`; the first of the reached bidders with the fewest slots. Fills `via`.
    function _search(Board memory b, uint256 slot) private pure returns (uint256 taker) {
        taker = NOBODY;
        uint256 bidders = b.wanted.length;
        uint256 reached = 0;
        uint256 expanded = 0;
        uint256 queued = 1;
        b.queue[0] = slot;
        while (expanded < queued) {
            uint256 next = b.queue[expanded];
            ++expanded;
            for (uint256 bidder = 0; bidder < bidders; ++bidder) {
                if ((reached >> bidder) & 1 == 1 || (b.wanted[bidder] >> next) & 1 == 0) continue;
                reached |= 1 << bidder;
                b.via[bidder] = next;
                if (taker == NOBODY || _isBefore(b, bidder, taker)) taker = bidder;
                uint256 owned = b.owned[bidder];
                for (uint256 own = 0; owned != 0; ++own) {
                    if (owned & 1 == 1) {
                        b.queue[queued] = own;
                        ++queued;
                    }
                    owned >>= 1;
                }
            }
        }
    }

    function _isBefore(Board memory b, uint256 one, uint256 other) private pure returns (bool) {
        return b.count[one] < b.count[other] || (b.count[one] == b.count[other] && one < other);
    }

    /// @dev The taker takes the slot it was reached by, whose owner takes the one that it was reached by, and so forth up
    /// to the slot that nobody owns.
    function _handOn(Board memory b, uint256 taker) private pure {
        uint256 bidder = taker;
        while (bidder != NOBODY) {
            uint256 taken = b.via[bidder];
            uint256 before = b.owner[taken];
            b.owner[taken] = bidder;
            b.owned[bidder] |= 1 << taken;
            if (before != NOBODY) b.owned[before] &= ~(1 << taken);
            bidder = before;
        }
    }
}
