// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Packed} from "../libraries/Packed.sol";
import {FairSlots} from "./FairSlots.sol";
import {Rows} from "./Rows.sol";
import {Sorting} from "./Sorting.sol";
import {Twin} from "./Twin.sol";

/// @title Twin of time-slots@1: slots of a shared resource, one owner each
/// @dev State: bytes32 seed ‖ u64 period ‖ u8 slots ‖ u8 count ‖ count × (u8 member ‖ u64 wanted ‖ u64 granted).
/// Params: u8 slots, 1 … 64.
contract TimeSlotsTwin is Twin {
    uint256 private constant HEAD = 41;
    uint256 private constant ROW = 17;
    uint256 private constant SLOTS_MAX = 64;
    uint256 private constant INPUT_LENGTH = 59;
    uint256 private constant PERIOD_AT = 32;
    uint256 private constant SLOTS_AT = 40;
    /// slots 0, one row, member 0
    bytes3 private constant INPUT_MIDDLE = 0x000100;
    uint256 private constant INPUT_WANTED_AT = 43;
    uint256 private constant INPUT_GRANTED_AT = 51;
    uint256 private constant WANTED_AT = 1;
    uint256 private constant GRANTED_AT = 9;
    /// the byte of a rank that makes room for a position
    uint256 private constant POSITION = 0xff;

    /// @inheritdoc Twin
    function _layout() internal pure override returns (uint256, uint256) {
        return (HEAD, ROW);
    }

    /// @inheritdoc Twin
    function _areParams(bytes calldata params) internal pure override returns (bool) {
        return params.length == 1 && Packed.u8(params, 0) >= 1 && Packed.u8(params, 0) <= SLOTS_MAX;
    }

    /// @inheritdoc Twin
    function _isInput(bytes calldata params, bytes calldata state) internal pure override returns (bool) {
        return
            state.length == INPUT_LENGTH &&
            Packed.word(state, 0) == 0 &&
            bytes3(Packed.word(state, SLOTS_AT)) == INPUT_MIDDLE &&
            Packed.u64(state, INPUT_GRANTED_AT) == 0 &&
            uint256(Packed.u64(state, INPUT_WANTED_AT)) >> Packed.u8(params, 0) == 0;
    }

    /// @inheritdoc Twin
    function _aggregate(
        bytes calldata params,
        bytes32 seed,
        Input[] calldata inputs,
        Event[] calldata,
        bytes memory rows
    ) internal pure override returns (bytes memory) {
        uint256[] memory periods = new uint256[](inputs.length);
        for (uint256 i = 0; i < inputs.length; ++i) periods[i] = Packed.u64(inputs[i].state, PERIOD_AT);
        return _grant(seed, uint64(Sorting.lowerMedian(periods)), Packed.u8(params, 0), rows);
    }

    /// @inheritdoc Twin
    function _close(
        bytes calldata params,
        bytes calldata state,
        bytes memory rows
    ) internal pure override returns (bytes memory) {
        return _grant(Packed.word(state, 0), Packed.u64(state, PERIOD_AT), Packed.u8(params, 0), rows);
    }

    function _grant(
        bytes32 seed,
        uint64 period,
        uint8 slots,
        bytes memory rows
    ) private pure returns (bytes memory) {
        uint256 count = _count(rows);
        uint256[] memory order = _order(seed, period, rows);
        uint256[] memory wanted = new uint256[](count);
        for (uint256 i = 0; i < count; ++i) wanted[i] = Rows.u64(rows, order[i] * ROW + WANTED_AT);
        uint256[] memory owned = FairSlots.assign(slots, wanted);
        for (uint256 i = 0; i < count; ++i) Rows.setU64(rows, order[i] * ROW + GRANTED_AT, uint64(owned[i]));
        return abi.encodePacked(seed, period, slots, uint8(count), rows);
    }

    /// @dev Positions of the rows, ascending by keccak(seed ‖ u64 period ‖ u8 member): sorted by its first 31 bytes, which
    /// two of 128 never share.
    function _order(
        bytes32 seed,
        uint64 period,
        bytes memory rows
    ) private pure returns (uint256[] memory order) {
        order = new uint256[](_count(rows));
        for (uint256 i = 0; i < order.length; ++i) {
            uint256 rank = uint256(keccak256(abi.encodePacked(seed, period, Rows.u8(rows, i * ROW))));
            order[i] = (rank & ~POSITION) | i;
        }
        order = Sorting.ascending(order);
        for (uint256 i = 0; i < order.length; ++i) order[i] &= POSITION;
    }
}
