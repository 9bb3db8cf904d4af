// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Elects the choice with the most votes
library Election {
    /// @notice The choice with the highest sum of weights; of several the one with the least keccak(seed ‖ choice).
    /// @param choices one per vote
    /// @param weights of the same votes; a sum fits a word
    /// @return elected 0 without votes
    /// @return highest its sum
    function elect(
        bytes32 seed,
        bytes32[] memory choices,
        uint256[] memory weights
    ) internal pure returns (bytes32 elected, uint256 highest) {
        bytes32 electedRank = 0;
        for (uint256 i = 0; i < choices.length; ++i) {
            bytes32 choice = choices[i];
            uint256 sum = _sumFrom(choice, i, choices, weights);
            // a choice counted before comes out no larger here than there, and changes nothing
            if (sum < highest) continue;
            if (sum > highest || i == 0) {
                (elected, highest, electedRank) = (choice, sum, 0);
                continue;
            }
            if (electedRank == 0) electedRank = keccak256(abi.encodePacked(seed, elected));
            bytes32 rank = keccak256(abi.encodePacked(seed, choice));
            if (rank < electedRank) (elected, electedRank) = (choice, rank);
        }
    }

    /// @dev Sum of a choice's weights from vote `from` on.
    function _sumFrom(
        bytes32 choice,
        uint256 from,
        bytes32[] memory choices,
        uint256[] memory weights
    ) private pure returns (uint256 sum) {
        assembly ("memory-safe") {
            let end := add(add(choices, 32), shl(5, mload(choices)))
            let toWeight := sub(weights, choices)
            for {
                let at := add(add(choices, 32), shl(5, from))
            } lt(at, end) {
                at := add(at, 32)
            } {
                if eq(mload(at), choice) {
                    sum := add(sum, mload(add(at, toWeight)))
                }
            }
        }
    }
}
