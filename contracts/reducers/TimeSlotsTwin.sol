// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Packed} from "../libraries/Packed.sol";
import {FairSlots} from "./FairSlots.sol";
import {Sorting} from "./Sorting.sol";
import {Twin} from "./Twin.sol";

/// @title Twin of time-slots@1: slots of a shared resource, one owner each
/// @dev State: bytes32 seed ‖ u64 period ‖ u8 slots ‖ u8 count ‖ count × (u8 member ‖ u64 wanted ‖ u64 granted).
/// Params: u8 slots, 1 … 64.
contract TimeSlotsTwin is Twin {
    using Packed for bytes;

    uint256 private constant SLOTS_MAX = 64;
    uint256 private constant INPUT_LENGTH = 59;
    uint256 private constant PERIOD_AT = 32;
    uint256 private constant SLOTS_AT = 40;
    /// slots 0, one row, member 0
    bytes3 private constant INPUT_MIDDLE = 0x000100;
    uint256 private constant WANTED_AT = 43;
    uint256 private constant GRANTED_AT = 51;

    /// @inheritdoc Twin
    function _areParams(bytes calldata params) internal pure override returns (bool) {
        return params.length == 1 && params.u8(0) >= 1 && params.u8(0) <= SLOTS_MAX;
    }

    /// @inheritdoc Twin
    function _isInput(bytes calldata params, bytes calldata state) internal pure override returns (bool) {
        return
            state.length == INPUT_LENGTH &&
            state.word(0) == 0 &&
            bytes3(state.word(SLOTS_AT)) == INPUT_MIDDLE &&
            state.u64(GRANTED_AT) == 0 &&
            uint256(state.u64(WANTED_AT)) >> params.u8(0) == 0;
    }

    /// @inheritdoc Twin
    function _aggregate(
        bytes calldata params,
        bytes32 seed,
        Input[] calldata inputs,
        bytes[] calldata
    ) internal pure override returns (bytes memory state) {
        uint256[] memory periods = new uint256[](inputs.length);
        for (uint256 i = 0; i < inputs.length; ++i) periods[i] = inputs[i].state.u64(PERIOD_AT);
        uint64 period = uint64(Sorting.lowerMedian(periods));
        uint256[] memory order = _order(seed, period, inputs);
        uint256[] memory wanted = new uint256[](inputs.length);
        for (uint256 i = 0; i < order.length; ++i) wanted[i] = inputs[order[i]].state.u64(WANTED_AT);
        uint256[] memory owned = FairSlots.assign(params.u8(0), wanted);
        uint256[] memory granted = new uint256[](inputs.length);
        for (uint256 i = 0; i < order.length; ++i) granted[order[i]] = owned[i];
        state = abi.encodePacked(seed, period, params.u8(0), uint8(inputs.length));
        for (uint256 i = 0; i < inputs.length; ++i) {
            Input calldata input = inputs[i];
            state = abi.encodePacked(state, input.member, input.state.u64(WANTED_AT), uint64(granted[i]));
        }
    }

    /// @dev Positions of the inputs, ascending by keccak(seed ‖ u64 period ‖ u8 member).
    function _order(
        bytes32 seed,
        uint64 period,
        Input[] calldata inputs
    ) private pure returns (uint256[] memory order) {
        order = new uint256[](inputs.length);
        uint256[] memory ranks = new uint256[](inputs.length);
        for (uint256 i = 0; i < inputs.length; ++i) {
            uint256 rank = uint256(keccak256(abi.encodePacked(seed, period, inputs[i].member)));
            uint256 spot = i;
            for (; spot > 0 && ranks[spot - 1] > rank; --spot)
                (ranks[spot], order[spot]) = (ranks[spot - 1], order[spot - 1]);
            (ranks[spot], order[spot]) = (rank, i);
        }
    }
}
