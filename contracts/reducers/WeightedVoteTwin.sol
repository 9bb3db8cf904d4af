// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Packed} from "../libraries/Packed.sol";
import {Election} from "./Election.sol";
import {Twin} from "./Twin.sol";

/// @title Twin of weighted-vote@1: the choice that carries the most weight
/// @dev State: bytes32 seed ‖ bytes32 choice ‖ u64 share ‖ u8 count ‖ count × (u8 member ‖ bytes32 choice ‖ u64 weight).
/// Params: u64 weightMin ‖ u64 weightMax, 1 ≤ weightMin ≤ weightMax.
contract WeightedVoteTwin is Twin {
    using Packed for bytes;

    uint256 private constant ONE = 1e18;
    uint256 private constant PARAMS_LENGTH = 16;
    uint256 private constant INPUT_LENGTH = 114;
    uint256 private constant SHARE_AT = 64;
    /// share 0, one row, member 0
    bytes10 private constant INPUT_MIDDLE = 0x00000000000000000100;
    uint256 private constant CHOICE_AT = 74;
    uint256 private constant WEIGHT_AT = 106;

    /// @inheritdoc Twin
    function _areParams(bytes calldata params) internal pure override returns (bool) {
        return params.length == PARAMS_LENGTH && params.u64(0) >= 1 && params.u64(0) <= params.u64(8);
    }

    /// @inheritdoc Twin
    function _isInput(bytes calldata params, bytes calldata state) internal pure override returns (bool) {
        return
            state.length == INPUT_LENGTH &&
            state.word(0) == 0 &&
            state.word(32) == 0 &&
            bytes10(state.word(SHARE_AT)) == INPUT_MIDDLE &&
            state.u64(WEIGHT_AT) >= params.u64(0) &&
            state.u64(WEIGHT_AT) <= params.u64(8);
    }

    /// @inheritdoc Twin
    function _aggregate(
        bytes calldata,
        bytes32 seed,
        Input[] calldata inputs,
        bytes[] calldata
    ) internal pure override returns (bytes memory) {
        bytes32[] memory choices = new bytes32[](inputs.length);
        uint256[] memory weights = new uint256[](inputs.length);
        uint256 total = 0;
        bytes memory rows;
        for (uint256 i = 0; i < inputs.length; ++i) {
            choices[i] = inputs[i].state.word(CHOICE_AT);
            uint64 weight = inputs[i].state.u64(WEIGHT_AT);
            weights[i] = weight;
            total += weight;
            rows = abi.encodePacked(rows, inputs[i].member, choices[i], weight);
        }
        (bytes32 choice, uint256 highest) = Election.elect(seed, choices, weights);
        uint256 share = total == 0 ? 0 : (highest * ONE) / total;
        return abi.encodePacked(seed, choice, uint64(share), uint8(inputs.length), rows);
    }
}
