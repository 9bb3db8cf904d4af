// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IReducer} from "../interfaces/IReducer.sol";

/// @title LyingTwin
/// @notice For tests: a twin that answers like the one behind it until its moment has come, and then takes every result
/// for wrong. Nobody who asks it before can tell it from an honest twin.
contract LyingTwin is IReducer {
    /// @notice What the moment depends on: who asks, the block, a storage slot.
    enum Moment {
        Caller,
        Block,
        Slot
    }

    bytes private constant LIE = "lie";

    IReducer private immutable _INNER;
    Moment private immutable _MOMENT;
    uint256 private immutable _AT;
    bool private _hasTurned;

    /// @param inner_ the honest twin
    /// @param place the caller, as a number, or the first block that is lied to; unused for a slot
    constructor(IReducer inner_, Moment moment_, uint256 place) {
        _INNER = inner_;
        _MOMENT = moment_;
        _AT = place;
    }

    /// @notice From now on it lies, if its moment is a slot.
    function turn() external {
        _hasTurned = true;
    }

    /// @inheritdoc IReducer
    function validate(
        bytes calldata params,
        bytes calldata state
    ) external view override returns (bool valid) {
        return _INNER.validate(params, state);
    }

    /// @inheritdoc IReducer
    function aggregate(
        bytes calldata params,
        Context calldata context,
        Input[] calldata inputs,
        Event[] calldata events
    ) external view override returns (bytes memory) {
        return _lies() ? LIE : _INNER.aggregate(params, context, inputs, events);
    }

    /// @inheritdoc IReducer
    function close(
        bytes calldata params,
        Context calldata context,
        bytes calldata state,
        Input[] calldata remaining
    ) external view override returns (bytes memory) {
        return _lies() ? LIE : _INNER.close(params, context, state, remaining);
    }

    function _lies() private view returns (bool) {
        if (_MOMENT == Moment.Caller) return uint160(msg.sender) == _AT;
        if (_MOMENT == Moment.Block) return block.number >= _AT;
        return _hasTurned;
    }
}
