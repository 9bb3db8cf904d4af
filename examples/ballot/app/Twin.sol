// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IReducer} from "./IReducer.sol";

/// What reducer.ts says: a vote with weights that members state.
/// A state is bytes32 choice, u64 weight behind it, u64 weight of all votes; params are the u64 highest weight of a vote.
contract Twin is IReducer {
    uint256 private constant PARAMS_BYTES = 8;
    uint256 private constant STATE_BYTES = 48;
    uint64 private constant MAX = 2 ** 56;

    error BadVote();

    function validate(bytes calldata params, bytes calldata state) public pure override returns (bool) {
        if (params.length != PARAMS_BYTES || state.length != STATE_BYTES) return false;
        uint64 max = uint64(bytes8(params));
        uint64 weight = _weight(state);
        uint64 total = uint64(bytes8(state[40:48]));
        return max <= MAX && weight >= 1 && weight <= max && total == weight;
    }

    function aggregate(
        bytes calldata params,
        Context calldata,
        Input[] calldata inputs,
        Event[] calldata
    ) external pure override returns (bytes memory) {
        return _elect(params, inputs);
    }

    function close(
        bytes calldata params,
        Context calldata,
        bytes calldata,
        Input[] calldata remaining
    ) external pure override returns (bytes memory) {
        return _elect(params, remaining);
    }

    /// The choice with the most weight; of several, the one whose bytes come first.
    function _elect(bytes calldata params, Input[] calldata votes) private pure returns (bytes memory) {
        bytes32 elected = 0;
        uint64 most = 0;
        uint64 total = 0;
        for (uint256 i = 0; i < votes.length; ++i) {
            if (!validate(params, votes[i].state)) revert BadVote();
            total += _weight(votes[i].state);
        }
        for (uint256 i = 0; i < votes.length; ++i) {
            bytes32 choice = bytes32(votes[i].state);
            uint64 weight = _behind(choice, votes);
            if (weight < most || (weight == most && choice >= elected)) continue;
            (elected, most) = (choice, weight);
        }
        return abi.encodePacked(elected, most, total);
    }

    function _behind(bytes32 choice, Input[] calldata votes) private pure returns (uint64 sum) {
        for (uint256 i = 0; i < votes.length; ++i)
            if (bytes32(votes[i].state) == choice) sum += _weight(votes[i].state);
    }

    function _weight(bytes calldata state) private pure returns (uint64) {
        return uint64(bytes8(state[32:40]));
    }
}
