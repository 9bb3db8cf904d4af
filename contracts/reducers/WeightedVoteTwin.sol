// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Packed} from "../libraries/Packed.sol";
import {Election} from "./Election.sol";
import {Rows} from "./Rows.sol";
import {Twin} from "./Twin.sol";

/// @title Twin of weighted-vote@1: the choice that carries the most weight
/// @dev State: bytes32 seed ‖ bytes32 choice ‖ u64 share ‖ u8 count ‖ count × (u8 member ‖ bytes32 choice ‖ u64 weight).
/// Params: u64 weightMin ‖ u64 weightMax, 1 ≤ weightMin ≤ weightMax.
contract WeightedVoteTwin is Twin {
    uint256 private constant HEAD = 72;
    uint256 private constant ROW = 41;
    uint256 private constant ONE = 1e18;
    uint256 private constant PARAMS_LENGTH = 16;
    uint256 private constant INPUT_LENGTH = 114;
    uint256 private constant SHARE_AT = 64;
    /// share 0, one row, member 0
    bytes10 private constant INPUT_MIDDLE = 0x00000000000000000100;
    uint256 private constant INPUT_WEIGHT_AT = 106;
    uint256 private constant CHOICE_AT = 1;
    uint256 private constant WEIGHT_AT = 33;

    /// @inheritdoc Twin
    function _layout() internal pure override returns (uint256, uint256) {
        return (HEAD, ROW);
    }

    /// @inheritdoc Twin
    function _areParams(bytes calldata params) internal pure override returns (bool) {
        return
            params.length == PARAMS_LENGTH &&
            Packed.u64(params, 0) >= 1 &&
            Packed.u64(params, 0) <= Packed.u64(params, 8);
    }

    /// @inheritdoc Twin
    function _isInput(bytes calldata params, bytes calldata state) internal pure override returns (bool) {
        return
            state.length == INPUT_LENGTH &&
            Packed.word(state, 0) == 0 &&
            Packed.word(state, 32) == 0 &&
            bytes10(Packed.word(state, SHARE_AT)) == INPUT_MIDDLE &&
            Packed.u64(state, INPUT_WEIGHT_AT) >= Packed.u64(params, 0) &&
            Packed.u64(state, INPUT_WEIGHT_AT) <= Packed.u64(params, 8);
    }

    /// @inheritdoc Twin
    function _aggregate(
        bytes calldata,
        bytes32 seed,
        Input[] calldata,
        Event[] calldata,
        bytes memory rows
    ) internal pure override returns (bytes memory) {
        return _elect(seed, rows);
    }

    /// @inheritdoc Twin
    function _close(
        bytes calldata,
        bytes calldata state,
        bytes memory rows
    ) internal pure override returns (bytes memory) {
        return _elect(Packed.word(state, 0), rows);
    }

    function _elect(bytes32 seed, bytes memory rows) private pure returns (bytes memory) {
        uint256 count = _count(rows);
        bytes32[] memory choices = new bytes32[](count);
        uint256[] memory weights = new uint256[](count);
        uint256 total = 0;
        for (uint256 i = 0; i < count; ++i) {
            choices[i] = Rows.word(rows, i * ROW + CHOICE_AT);
            weights[i] = Rows.u64(rows, i * ROW + WEIGHT_AT);
            total += weights[i];
        }
        (bytes32 choice, uint256 highest) = Election.elect(seed, choices, weights);
        uint256 share = total == 0 ? 0 : (highest * ONE) / total;
        return abi.encodePacked(seed, choice, uint64(share), uint8(count), rows);
    }
}
