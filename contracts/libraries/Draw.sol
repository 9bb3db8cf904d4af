// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Draws a cluster from the sign-ups
/// @notice No operator gets 1/3 of the seats. That stops accidents, not one person with many names.
library Draw {
    /// @notice Most seats of one operator in a cluster of n: less than a third.
    function operatorCap(uint256 n) internal pure returns (uint256) {
        return (n - 1) / 3;
    }

    /// @notice Indices of the drawn sign-ups, in the order of their seats.
    /// @dev Shuffle: for i = 0, 1, …: j = i + keccak(abi.encode(seed, i)) mod (m − i), swap i and j. Then seats are given
    /// in that order, passing over operators at their cap. Ends at n seats, so the shuffle need not run to its end.
    /// @param owners operator of each sign-up
    /// @return seats empty if not even `minNodes` seats can be filled
    /// @return fillable how many seats could be filled: n, or fewer than `minNodes`
    function draw(
        bytes32 seed,
        address[] memory owners,
        uint256 minNodes,
        uint256 maxNodes
    ) internal pure returns (uint256[] memory seats, uint256 fillable) {
        (uint256[] memory groupOf, uint256[] memory sizes, uint256 groups) = _group(owners);
        uint256 n = maxNodes;
        while ((fillable = _fillable(sizes, groups, n)) < n) {
            if (n == minNodes) return (seats, fillable);
            --n;
        }
        return (_seat(seed, groupOf, groups, n), n);
    }

    /// @dev Numbers the operators: group of each sign-up, and how many sign-ups each group has.
    function _group(
        address[] memory owners
    ) private pure returns (uint256[] memory groupOf, uint256[] memory sizes, uint256 groups) {
        groupOf = new uint256[](owners.length);
        sizes = new uint256[](owners.length);
        address[] memory seen = new address[](owners.length);
        for (uint256 i = 0; i < owners.length; ++i) {
            uint256 g = 0;
            while (g < groups && seen[g] != owners[i]) ++g;
            if (g == groups) {
                seen[g] = owners[i];
                ++groups;
            }
            groupOf[i] = g;
            ++sizes[g];
        }
    }

    /// @dev Seats that the groups can fill in a cluster of n, at most n.
    function _fillable(
        uint256[] memory sizes,
        uint256 groups,
        uint256 n
    ) private pure returns (uint256 seats) {
        uint256 cap = operatorCap(n);
        for (uint256 g = 0; g < groups; ++g) seats += sizes[g] < cap ? sizes[g] : cap;
        if (seats > n) seats = n;
    }

    function _seat(
        bytes32 seed,
        uint256[] memory groupOf,
        uint256 groups,
        uint256 n
    ) private pure returns (uint256[] memory seats) {
        uint256 m = groupOf.length;
        uint256[] memory order = new uint256[](m);
        for (uint256 i = 0; i < m; ++i) order[i] = i;
        uint256[] memory taken = new uint256[](groups);
        uint256 cap = operatorCap(n);
        seats = new uint256[](n);
        uint256 filled = 0;
        for (uint256 i = 0; filled < n; ++i) {
            uint256 j = i + (uint256(keccak256(abi.encode(seed, i))) % (m - i));
            (order[i], order[j]) = (order[j], order[i]);
            uint256 g = groupOf[order[i]];
            if (taken[g] == cap) continue;
            ++taken[g];
            seats[filled] = order[i];
            ++filled;
        }
    }
}
