// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IReducer} from "../interfaces/IReducer.sol";

/// @title TwinsHarness
/// @notice Puts many cases to a twin in one call, so that a million of them take minutes.
/// @dev A case is packed: params, seed, u64 height, the cluster's members (u8 number of them, then address key ‖ u16 weight
/// of each), the previous state, inputs, one byte of how many events and as many (u8 kind ‖ event), a state and remaining
/// inputs for `close`. Inputs are one byte of how many and as many (u8 member ‖ state). Params, states and events are u16
/// length ‖ bytes.
contract TwinsHarness {
    /// @dev Reads packed bytes from front to end.
    struct Cursor {
        bytes data;
        uint256 offset;
    }

    /// @notice The packed cases end in the middle of one.
    error CutShort();

    /// @notice What the twin answers to each case, packed one after the other.
    /// @return answers per case: one byte per input of what `validate` says, then of `aggregate` and of `close` one byte of
    /// whether it answered, and if so u16 length ‖ its bytes
    function run(IReducer twin, bytes memory cases) external view returns (bytes memory answers) {
        Cursor memory cursor = Cursor(cases, 0);
        bytes[] memory parts = new bytes[](_uint(Cursor(cases, 0), 2));
        cursor.offset = 2;
        uint256 length = 0;
        for (uint256 i = 0; i < parts.length; ++i) {
            parts[i] = _answer(twin, cursor);
            length += parts[i].length;
        }
        answers = new bytes(length);
        uint256 offset = 32;
        for (uint256 i = 0; i < parts.length; ++i) {
            bytes memory part = parts[i];
            assembly ("memory-safe") {
                mcopy(add(answers, offset), add(part, 32), mload(part))
            }
            offset += part.length;
        }
    }

    function _answer(IReducer twin, Cursor memory cursor) private view returns (bytes memory answer) {
        bytes memory params = _bytes(cursor);
        IReducer.Context memory context = _context(cursor);
        IReducer.Input[] memory inputs = _inputs(cursor);
        answer = new bytes(inputs.length);
        for (uint256 i = 0; i < inputs.length; ++i) {
            if (twin.validate(params, inputs[i].state)) answer[i] = 0x01;
        }
        IReducer.Event[] memory events = new IReducer.Event[](_uint(cursor, 1));
        for (uint256 i = 0; i < events.length; ++i) {
            events[i] = IReducer.Event(uint8(_uint(cursor, 1)), _bytes(cursor));
        }
        try twin.aggregate(params, context, inputs, events) returns (bytes memory state) {
            answer = abi.encodePacked(answer, uint8(1), uint16(state.length), state);
        } catch {
            answer = abi.encodePacked(answer, uint8(0));
        }
        bytes memory current = _bytes(cursor);
        try twin.close(params, context, current, _inputs(cursor)) returns (bytes memory state) {
            answer = abi.encodePacked(answer, uint8(1), uint16(state.length), state);
        } catch {
            answer = abi.encodePacked(answer, uint8(0));
        }
    }

    function _context(Cursor memory cursor) private pure returns (IReducer.Context memory context) {
        context.seed = bytes32(_uint(cursor, 32));
        context.height = uint64(_uint(cursor, 8));
        context.members = new IReducer.Member[](_uint(cursor, 1));
        for (uint256 i = 0; i < context.members.length; ++i) {
            address key = address(uint160(_uint(cursor, 20)));
            context.members[i] = IReducer.Member(key, uint16(_uint(cursor, 2)));
        }
        context.previous = _bytes(cursor);
    }

    function _inputs(Cursor memory cursor) private pure returns (IReducer.Input[] memory inputs) {
        inputs = new IReducer.Input[](_uint(cursor, 1));
        for (uint256 i = 0; i < inputs.length; ++i) {
            inputs[i] = IReducer.Input(uint8(_uint(cursor, 1)), _bytes(cursor));
        }
    }

    function _uint(Cursor memory cursor, uint256 width) private pure returns (uint256 value) {
        bytes memory data = cursor.data;
        uint256 offset = cursor.offset;
        require(offset + width <= data.length, CutShort());
        assembly ("memory-safe") {
            value := shr(sub(256, mul(8, width)), mload(add(add(data, 32), offset)))
        }
        cursor.offset = offset + width;
    }

    function _bytes(Cursor memory cursor) private pure returns (bytes memory part) {
        uint256 length = _uint(cursor, 2);
        part = new bytes(length);
        bytes memory data = cursor.data;
        uint256 offset = cursor.offset;
        require(offset + length <= data.length, CutShort());
        assembly ("memory-safe") {
            mcopy(add(part, 32), add(add(data, 32), offset), length)
        }
        cursor.offset = offset + length;
    }
}
