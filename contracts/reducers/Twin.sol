// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IReducer} from "../interfaces/IReducer.sol";

/// @title What all twins share: which calls get an answer at all
/// @notice `validate` answers for any bytes. `aggregate` reverts exactly where the TypeScript side refuses to run the
/// reducer: params that do not decode, an input that `validate` refuses, members out of order or beyond the last seat.
abstract contract Twin is IReducer {
    uint256 private constant MEMBERS_MAX = 31;

    /// @notice The params do not decode.
    error BadParams();

    /// @notice This input is refused, or its member is not above the one before, or no seat.
    error BadInput(uint256 index);

    /// @inheritdoc IReducer
    function validate(bytes calldata params, bytes calldata state) external pure returns (bool) {
        return _areParams(params) && _isInput(params, state);
    }

    /// @inheritdoc IReducer
    function aggregate(
        bytes calldata params,
        bytes32 seed,
        Input[] calldata inputs,
        bytes[] calldata events
    ) external pure returns (bytes memory) {
        require(_areParams(params), BadParams());
        uint256 lowestAllowed = 0;
        for (uint256 i = 0; i < inputs.length; ++i) {
            uint256 member = inputs[i].member;
            bool isSeat = member >= lowestAllowed && member < MEMBERS_MAX;
            require(isSeat && _isInput(params, inputs[i].state), BadInput(i));
            lowestAllowed = member + 1;
        }
        return _aggregate(params, seed, inputs, events);
    }

    /// @dev Total.
    function _areParams(bytes calldata params) internal pure virtual returns (bool);

    /// @dev Total for sound params.
    function _isInput(bytes calldata params, bytes calldata state) internal pure virtual returns (bool);

    /// @dev Only called with sound params and inputs, ascending by member, at most 31.
    function _aggregate(
        bytes calldata params,
        bytes32 seed,
        Input[] calldata inputs,
        bytes[] calldata events
    ) internal pure virtual returns (bytes memory);
}
