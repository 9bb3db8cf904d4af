// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IReducer} from "../interfaces/IReducer.sol";
import {Packed} from "../libraries/Packed.sol";

/// @title What all twins share: which calls get an answer at all, and rows
/// @notice `validate` answers for any bytes. `aggregate` reverts exactly where the TypeScript side refuses to run the
/// reducer: params that do not decode, an input that `validate` refuses, members out of order or beyond the last seat.
/// `close` reverts for the same, and for a state that does not decode. No stock reducer looks at height, members or the
/// previous state.
/// @dev A state is head ‖ u8 count ‖ count × row; a row begins with its member, members ascend. An input is the same with one
/// row, of member 0. No constructor and no immutables: a twin has one code hash wherever it is deployed.
abstract contract Twin is IReducer {
    using Packed for bytes;

    uint256 private constant MEMBERS_MAX = 128;

    /// @notice The params do not decode.
    error BadParams();

    /// @notice This input is refused, or its member is not above the one before, or no seat.
    error BadInput(uint256 index);

    /// @notice The state does not decode.
    error BadState();

    /// @inheritdoc IReducer
    function validate(bytes calldata params, bytes calldata state) external pure returns (bool) {
        return _areParams(params) && _isInput(params, state);
    }

    /// @inheritdoc IReducer
    function aggregate(
        bytes calldata params,
        Context calldata context,
        Input[] calldata inputs,
        Event[] calldata events
    ) external pure returns (bytes memory) {
        _requireSound(params, inputs);
        return _aggregate(params, context.seed, inputs, events, _rowsOf(inputs));
    }

    /// @inheritdoc IReducer
    function close(
        bytes calldata params,
        Context calldata,
        bytes calldata state,
        Input[] calldata remaining
    ) external pure returns (bytes memory) {
        return _close(params, state, _remainingRows(state, _requireSound(params, remaining)));
    }

    /// @dev The set of the members whose inputs these are.
    function _requireSound(
        bytes calldata params,
        Input[] calldata inputs
    ) private pure returns (uint256 members) {
        require(_areParams(params), BadParams());
        uint256 lowestAllowed = 0;
        for (uint256 i = 0; i < inputs.length; ++i) {
            uint256 member = inputs[i].member;
            bool isSeat = member >= lowestAllowed && member < MEMBERS_MAX;
            require(isSeat && _isInput(params, inputs[i].state), BadInput(i));
            lowestAllowed = member + 1;
            members |= 1 << member;
        }
    }

    /// @dev The rows of sound inputs, each with the member who signed it.
    function _rowsOf(Input[] calldata inputs) private pure returns (bytes memory rows) {
        (uint256 head, uint256 size) = _layout();
        uint256 start = head + 1;
        rows = new bytes(size * inputs.length);
        for (uint256 i = 0; i < inputs.length; ++i) {
            bytes calldata state = inputs[i].state;
            uint256 member = inputs[i].member;
            assembly ("memory-safe") {
                let place := add(add(rows, 32), mul(i, size))
                calldatacopy(place, add(state.offset, start), size)
                mstore8(place, member)
            }
        }
    }

    /// @dev The rows of a state that belong to these members.
    function _remainingRows(bytes calldata state, uint256 members) private pure returns (bytes memory rows) {
        (uint256 head, uint256 size) = _layout();
        uint256 start = head + 1;
        require(state.length >= start, BadState());
        require(state.length == start + size * state.u8(head), BadState());
        rows = new bytes(state.length - start);
        uint256 kept = 0;
        uint256 lowestAllowed = 0;
        for (uint256 offset = start; offset < state.length; offset += size) {
            uint256 member = state.u8(offset);
            require(member >= lowestAllowed && member < MEMBERS_MAX, BadState());
            lowestAllowed = member + 1;
            if ((members >> member) & 1 == 0) continue;
            assembly ("memory-safe") {
                calldatacopy(add(add(rows, 32), kept), add(state.offset, offset), size)
            }
            kept += size;
        }
        assembly ("memory-safe") {
            mstore(rows, kept)
        }
    }

    function _count(bytes memory rows) internal pure returns (uint256) {
        (, uint256 size) = _layout();
        return rows.length / size;
    }

    /// @dev Bytes of the head and of a row.
    function _layout() internal pure virtual returns (uint256 head, uint256 row);

    /// @dev Total.
    function _areParams(bytes calldata params) internal pure virtual returns (bool);

    /// @dev Total for sound params.
    function _isInput(bytes calldata params, bytes calldata state) internal pure virtual returns (bool);

    /// @dev Only called with sound params and inputs, ascending by member, at most 128, and the rows they come to.
    function _aggregate(
        bytes calldata params,
        bytes32 seed,
        Input[] calldata inputs,
        Event[] calldata events,
        bytes memory rows
    ) internal pure virtual returns (bytes memory);

    /// @dev Only called with sound params, a state that decodes, and those of its rows that stay.
    function _close(
        bytes calldata params,
        bytes calldata state,
        bytes memory rows
    ) internal pure virtual returns (bytes memory);
}
