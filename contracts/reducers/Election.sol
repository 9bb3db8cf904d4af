// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Elects the choice with the most votes
library Election {
    /// @notice The choice with the highest sum of weights; of several the one with the least keccak(seed ‖ choice).
    /// @param choices one per vote, at most 31
    /// @param weights of the same votes, each ≥ 1; a sum fits a word
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
            // a choice counted before comes out smaller here, its weights being positive, and changes nothing
            if (sum < highest) continue;
            if (sum > highest) {
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
        for (uint256 i = from; i < choices.length; ++i) if (choices[i] == choice) sum += weights[i];
    }
}
