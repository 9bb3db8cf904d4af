// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Packed} from "../libraries/Packed.sol";
import {Rows} from "./Rows.sol";
import {Sorting} from "./Sorting.sol";
import {Twin} from "./Twin.sol";

/// @title Twin of rate-limit@1: a token budget, split max-min fair
/// @dev State: u64 budget ‖ u8 count ‖ count × (u8 member ‖ u64 demand ‖ u64 share). Params: u64 budget ‖ u64 demandMax.
contract RateLimitTwin is Twin {
    uint256 private constant HEAD = 8;
    uint256 private constant ROW = 17;
    uint256 private constant PARAMS_LENGTH = 16;
    uint256 private constant POSTED = 0;
    uint256 private constant EVENT_LENGTH = 8;
    uint256 private constant INPUT_LENGTH = 26;
    /// budget 0, one row, member 0
    bytes10 private constant INPUT_HEAD = 0x00000000000000000100;
    uint256 private constant INPUT_DEMAND_AT = 10;
    uint256 private constant INPUT_SHARE_AT = 18;
    uint256 private constant DEMAND_AT = 1;
    uint256 private constant SHARE_AT = 9;

    /// @inheritdoc Twin
    function _layout() internal pure override returns (uint256, uint256) {
        return (HEAD, ROW);
    }

    /// @inheritdoc Twin
    function _areParams(bytes calldata params) internal pure override returns (bool) {
        return params.length == PARAMS_LENGTH;
    }

    /// @inheritdoc Twin
    function _isInput(bytes calldata params, bytes calldata state) internal pure override returns (bool) {
        return
            state.length == INPUT_LENGTH &&
            bytes10(Packed.word(state, 0)) == INPUT_HEAD &&
            Packed.u64(state, INPUT_SHARE_AT) == 0 &&
            Packed.u64(state, INPUT_DEMAND_AT) <= Packed.u64(params, 8);
    }

    /// @inheritdoc Twin
    function _aggregate(
        bytes calldata params,
        bytes32,
        Input[] calldata,
        Event[] calldata events,
        bytes memory rows
    ) internal pure override returns (bytes memory) {
        return _split(_currentBudget(params, events), rows);
    }

    /// @inheritdoc Twin
    function _close(
        bytes calldata,
        bytes calldata state,
        bytes memory rows
    ) internal pure override returns (bytes memory) {
        return _split(Packed.u64(state, 0), rows);
    }

    function _split(uint64 budget, bytes memory rows) private pure returns (bytes memory) {
        uint256 count = _count(rows);
        uint256[] memory demands = new uint256[](count);
        for (uint256 i = 0; i < count; ++i) demands[i] = Rows.u64(rows, i * ROW + DEMAND_AT);
        (uint256 level, uint256 extra) = _fairLevel(budget, Sorting.ascending(demands));
        for (uint256 i = 0; i < count; ++i) {
            uint256 share = Rows.u64(rows, i * ROW + DEMAND_AT);
            if (share > level) {
                share = level;
                if (extra > 0) {
                    ++share;
                    --extra;
                }
            }
            Rows.setU64(rows, i * ROW + SHARE_AT, uint64(share));
        }
        return abi.encodePacked(budget, uint8(count), rows);
    }

    /// @dev The budget of the last posted event that is 8 bytes long, else that of the params.
    function _currentBudget(bytes calldata params, Event[] calldata events) private pure returns (uint64) {
        for (uint256 i = events.length; i > 0; --i) {
            Event calldata one = events[i - 1];
            if (one.kind == POSTED && one.data.length == EVENT_LENGTH) return Packed.u64(one.data, 0);
        }
        return Packed.u64(params, 0);
    }

    /// @dev The highest level with Σ min(demand, level) ≤ budget, and what is left over for those above it.
    function _fairLevel(
        uint256 budget,
        uint256[] memory sorted
    ) private pure returns (uint256 level, uint256 extra) {
        uint256 left = budget;
        for (uint256 i = 0; i < sorted.length; ++i) {
            uint256 unsatisfied = sorted.length - i;
            if (sorted[i] > left / unsatisfied) return (left / unsatisfied, left % unsatisfied);
            left -= sorted[i];
        }
        return (type(uint256).max, 0);
    }
}
