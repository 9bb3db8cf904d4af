// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {MinHeap} from "./MinHeap.sol";

/// @title Draws a cluster from the sign-ups
/// @notice No operator gets 1/3 of the seats. That stops accidents, not one person with many names.
/// @dev Each sign-up has a rank of its own, which no other sign-up changes: whoever drops out moves nobody's rank.
library Draw {
    using MinHeap for uint256[];

    /// @dev Low bits of a rank that hold the sign-up's index instead of the hash.
    uint256 private constant INDEX_BITS = 16;

    /// @notice Most seats of one operator in a cluster of n: less than a third.
    function operatorCap(uint256 n) internal pure returns (uint256) {
        return (n - 1) / 3;
    }

    /// @notice Indices of the drawn sign-ups, in the order of their seats.
    /// @dev n is the largest number ≤ maxNodes of seats that can be filled under the cap per operator. Seats are given by
    /// rank, ascending, passing over operators at their cap. rank = the upper 240 bits of keccak(seed ‖ u256 index), then
    /// the index. O(m log m) for m sign-ups, whoever owns them.
    /// @param owners operator of each sign-up, 0 for those that cannot be drawn; at most 2^16
    /// @return seats empty if not even `minNodes` seats can be filled
    /// @return fillable how many seats could be filled: n, or fewer than `minNodes`
    function draw(
        bytes32 seed,
        address[] memory owners,
        uint256 minNodes,
        uint256 maxNodes
    ) internal pure returns (uint256[] memory seats, uint256 fillable) {
        (uint256[] memory groupOf, uint256 groups) = _group(seed, owners);
        fillable = _fillable(owners, groupOf, groups, minNodes, maxNodes);
        if (fillable < minNodes) return (seats, fillable);
        seats = _seat(_ranks(seed, owners), groupOf, groups, fillable);
    }

    /// @dev A number for each operator, below `groups`: its place in a hash table. The seed salts the table, so nobody can
    /// choose addresses that collide.
    function _group(
        bytes32 seed,
        address[] memory owners
    ) private pure returns (uint256[] memory groupOf, uint256 groups) {
        groups = 1;
        while (groups < 2 * owners.length) groups *= 2;
        address[] memory table = new address[](groups);
        groupOf = new uint256[](owners.length);
        for (uint256 i = 0; i < owners.length; ++i) {
            address owner = owners[i];
            if (owner == address(0)) continue;
            uint256 g = _hash(seed, uint160(owner)) % groups;
            while (table[g] != owner && table[g] != address(0)) g = (g + 1) % groups;
            table[g] = owner;
            groupOf[i] = g;
        }
    }

    /// @dev Seats that can be filled: the largest n from `minNodes` to `maxNodes`, or fewer than `minNodes`.
    function _fillable(
        address[] memory owners,
        uint256[] memory groupOf,
        uint256 groups,
        uint256 minNodes,
        uint256 maxNodes
    ) private pure returns (uint256 seats) {
        uint256 n = maxNodes;
        uint256 cap = operatorCap(n);
        uint256[] memory held = new uint256[](groups);
        // operators with at least k sign-ups: under a cap of c, the first c of them add up to the seats
        uint256[] memory atLeast = new uint256[](cap + 1);
        for (uint256 i = 0; i < owners.length; ++i) {
            if (owners[i] == address(0)) continue;
            uint256 k = ++held[groupOf[i]];
            if (k > cap) continue;
            ++atLeast[k];
            ++seats;
        }
        while (seats < n && n > minNodes) {
            --n;
            for (; cap > operatorCap(n); --cap) seats -= atLeast[cap];
        }
        if (seats > n) seats = n;
    }

    /// @dev Ranks of the sign-ups that can be drawn, as a heap.
    function _ranks(bytes32 seed, address[] memory owners) private pure returns (uint256[] memory ranks) {
        ranks = new uint256[](owners.length);
        uint256 m = 0;
        for (uint256 i = 0; i < owners.length; ++i) {
            if (owners[i] == address(0)) continue;
            ranks[m] = ((_hash(seed, i) >> INDEX_BITS) << INDEX_BITS) | i;
            ++m;
        }
        assembly ("memory-safe") {
            mstore(ranks, m)
        }
        ranks.heapify();
    }

    function _seat(
        uint256[] memory ranks,
        uint256[] memory groupOf,
        uint256 groups,
        uint256 n
    ) private pure returns (uint256[] memory seats) {
        uint256[] memory taken = new uint256[](groups);
        uint256 cap = operatorCap(n);
        seats = new uint256[](n);
        uint256 filled = 0;
        while (filled < n) {
            uint256 index = ranks.pop() & ((1 << INDEX_BITS) - 1);
            uint256 g = groupOf[index];
            if (taken[g] == cap) continue;
            ++taken[g];
            seats[filled] = index;
            ++filled;
        }
    }

    /// @dev keccak(seed ‖ u256 salted)
    function _hash(bytes32 seed, uint256 salted) private pure returns (uint256 hash) {
        assembly ("memory-safe") {
            mstore(0x00, seed)
            mstore(0x20, salted)
            hash := keccak256(0x00, 0x40)
        }
    }
}
