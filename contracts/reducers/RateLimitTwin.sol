// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Packed} from "../libraries/Packed.sol";
import {Sorting} from "./Sorting.sol";
import {Twin} from "./Twin.sol";

/// @title Twin of rate-limit@1: a token budget, split max-min fair
/// @dev State: u64 budget ‖ u8 count ‖ count × (u8 member ‖ u64 demand ‖ u64 share). Params: u64 budget ‖ u64 demandMax.
contract RateLimitTwin is Twin {
    using Packed for bytes;

    uint256 private constant PARAMS_LENGTH = 16;
    uint256 private constant EVENT_LENGTH = 8;
    uint256 private constant INPUT_LENGTH = 26;
    /// budget 0, one row, member 0
    bytes10 private constant INPUT_HEAD = 0x00000000000000000100;
    uint256 private constant DEMAND_AT = 10;
    uint256 private constant SHARE_AT = 18;

    /// @inheritdoc Twin
    function _areParams(bytes calldata params) internal pure override returns (bool) {
        return params.length == PARAMS_LENGTH;
    }

    /// @inheritdoc Twin
    function _isInput(bytes calldata params, bytes calldata state) internal pure override returns (bool) {
        return
            state.length == INPUT_LENGTH &&
            bytes10(state.word(0)) == INPUT_HEAD &&
            state.u64(SHARE_AT) == 0 &&
            state.u64(DEMAND_AT) <= params.u64(8);
    }

    /// @inheritdoc Twin
    function _aggregate(
        bytes calldata params,
        bytes32,
        Input[] calldata inputs,
        bytes[] calldata events
    ) internal pure override returns (bytes memory rows) {
        uint64 budget = _currentBudget(params, events);
        uint256[] memory sorted = new uint256[](inputs.length);
        for (uint256 i = 0; i < inputs.length; ++i) sorted[i] = inputs[i].state.u64(DEMAND_AT);
        Sorting.ascending(sorted);
        (uint256 level, uint256 extra) = _fairLevel(budget, sorted);
        rows = abi.encodePacked(budget, uint8(inputs.length));
        for (uint256 i = 0; i < inputs.length; ++i) {
            uint64 demand = inputs[i].state.u64(DEMAND_AT);
            uint256 share = demand;
            if (demand > level) {
                share = level;
                if (extra > 0) {
                    ++share;
                    --extra;
                }
            }
            rows = abi.encodePacked(rows, inputs[i].member, demand, uint64(share));
        }
    }

    /// @dev The budget of the last event that is 8 bytes long, else that of the params.
    function _currentBudget(bytes calldata params, bytes[] calldata events) private pure returns (uint64) {
        for (uint256 i = events.length; i > 0; --i) {
            if (events[i - 1].length == EVENT_LENGTH) return events[i - 1].u64(0);
        }
        return params.u64(0);
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
