// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IReducer} from "../interfaces/IReducer.sol";

/// @title TestTwin
/// @notice For tests: a twin whose aggregate is the hash of all it was given, and that fails in the way that the first
/// byte of its parameters asks for.
contract TestTwin is IReducer {
    bytes1 private constant VALIDATE_REVERTS = 0x01;
    bytes1 private constant AGGREGATE_REVERTS = 0x02;
    bytes1 private constant AGGREGATE_BURNS = 0x03;
    bytes1 private constant VALIDATE_MAYBE = 0x04;
    bytes1 private constant AGGREGATE_LIES_ABOUT_LENGTH = 0x05;
    bytes1 private constant AGGREGATE_ANSWERS_NOTHING = 0x06;
    bytes1 private constant CLOSE_REVERTS = 0x07;
    /// @dev `validate` refuses what `aggregate` takes, for much gas.
    bytes1 private constant REFUSES_AND_IS_DEAR = 0x08;
    /// @dev So much memory costs 19.8 M gas.
    uint256 private constant DEAR_BYTES = 3_200_000;

    error AsAsked();

    /// @inheritdoc IReducer
    function validate(
        bytes calldata params,
        bytes calldata state
    ) external pure override returns (bool valid) {
        if (params[0] == VALIDATE_REVERTS) revert AsAsked();
        valid = state.length != 0;
        if (params[0] == REFUSES_AND_IS_DEAR) return false;
        if (params[0] != VALIDATE_MAYBE) return valid;
        assembly ("memory-safe") {
            mstore(0x00, 2)
            return(0x00, 32)
        }
    }

    /// @inheritdoc IReducer
    function aggregate(
        bytes calldata params,
        Context calldata context,
        Input[] calldata inputs,
        Event[] calldata events
    ) external pure override returns (bytes memory) {
        bytes1 mode = params[0];
        for (uint256 i = 0; i < inputs.length; ++i) require(inputs[i].state.length != 0, AsAsked());
        if (mode == REFUSES_AND_IS_DEAR) _spend();
        if (mode == AGGREGATE_REVERTS) revert AsAsked();
        if (mode == AGGREGATE_BURNS) {
            assembly ("memory-safe") {
                invalid()
            }
        }
        if (mode == AGGREGATE_LIES_ABOUT_LENGTH) {
            assembly ("memory-safe") {
                mstore(0x00, 32)
                mstore(0x20, 1)
                return(0x00, 64)
            }
        }
        if (mode == AGGREGATE_ANSWERS_NOTHING) {
            assembly ("memory-safe") {
                return(0x00, 0)
            }
        }
        return abi.encode(keccak256(abi.encode(params, context, inputs, events)));
    }

    function _spend() private pure {
        bytes32 spent;
        assembly ("memory-safe") {
            spent := keccak256(0x00, DEAR_BYTES)
        }
        require(spent != 0, AsAsked());
    }

    /// @inheritdoc IReducer
    function close(
        bytes calldata params,
        Context calldata context,
        bytes calldata state,
        Input[] calldata remaining
    ) external pure override returns (bytes memory) {
        if (params[0] == CLOSE_REVERTS) revert AsAsked();
        return abi.encode(keccak256(abi.encode(params, context, state, remaining)));
    }
}
