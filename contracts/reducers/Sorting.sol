// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Sorts a few numbers
library Sorting {
    /// @notice Insertion sort in place: a cluster has at most 31 members.
    function ascending(uint256[] memory values) internal pure {
        for (uint256 i = 1; i < values.length; ++i) {
            uint256 value = values[i];
            uint256 spot = i;
            for (; spot > 0 && values[spot - 1] > value; --spot) values[spot] = values[spot - 1];
            values[spot] = value;
        }
    }

    /// @notice The lower median: position ⌊(count − 1) / 2⌋ of the sorted values, 0 of none. Sorts in place.
    function lowerMedian(uint256[] memory values) internal pure returns (uint256) {
        if (values.length == 0) return 0;
        ascending(values);
        return values[(values.length - 1) / 2];
    }
}
