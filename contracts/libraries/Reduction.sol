// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPhaseLog} from "../interfaces/IPhaseLog.sol";
import {IReducer} from "../interfaces/IReducer.sol";
import {ISlasher} from "../interfaces/ISlasher.sol";
import {ITaskBoard} from "../interfaces/ITaskBoard.sol";
import {Digests} from "./Digests.sol";
import {Evidence} from "./Evidence.sol";
import {Snapshot} from "./Snapshot.sol";

/// @title Recomputes what a member voted for, with the task's twin
library Reduction {
    using Evidence for bytes;
    using Snapshot for bytes;

    uint256 private constant WORD = 32;
    /// @dev Of a ledger event: kind, originator, length.
    uint256 private constant EVENT_HEAD = 23;

    /// @notice The inputs behind a vote's list, and the seats in it that bring none: they count as a CLOSE each. Reverts
    /// unless that is all of the list.
    /// @dev Warning: that a seat has signed its CLOSE is for the caller to check.
    /// @return found as the twin takes them
    /// @return leaving bitmap
    function listed(
        bytes32 cluster,
        bytes calldata share,
        ISlasher.ListedInput[] calldata inputs
    ) internal pure returns (IReducer.Input[] memory found, uint256 leaving) {
        uint64 height = uint64(share.number(Evidence.HEIGHT));
        bytes32 parent = share.word(Evidence.SHARE_PARENT);
        uint256 list = share.number(Evidence.SHARE_INPUTS);
        found = new IReducer.Input[](inputs.length);
        bytes memory digests = abi.encodePacked(list);
        uint256 next = 0;
        for (uint256 i = 0; list >> i != 0; ++i) {
            if ((list >> i) & 1 == 0) continue;
            bytes32 digest;
            if (next < inputs.length && inputs[next].member == i) {
                ISlasher.ListedInput calldata input = inputs[next];
                digest = Digests.status(cluster, height, parent, keccak256(input.state), input.eventSeq);
                found[next] = IReducer.Input(input.member, input.state);
                ++next;
            } else {
                digest = Digests.close(cluster);
                leaving |= 1 << i;
            }
            digests = abi.encodePacked(digests, digest);
        }
        bool isList = next == inputs.length && keccak256(digests) == share.word(Evidence.SHARE_INPUTS_ROOT);
        if (!isList) revert ISlasher.ProvesNothing("inputs");
    }

    /// @notice What the twin may know besides its inputs.
    /// @param members the cluster's snapshot
    function contextOf(
        bytes32 seed,
        uint64 height,
        bytes memory members
    ) internal pure returns (IReducer.Context memory) {
        IReducer.Member[] memory seats = new IReducer.Member[](members.count());
        for (uint256 i = 0; i < seats.length; ++i) {
            seats[i] = IReducer.Member(members.key(i), uint16(members.weight(i)));
        }
        return IReducer.Context(seed, height, seats, "");
    }

    /// @notice The ledger events that a vote has seen. Reverts unless they are all of them, and there is no verdict unless
    /// the chain has the same: a member that read another branch is no liar.
    /// @param events packed: u8 kind ‖ address originator ‖ u16 length ‖ data each
    function posted(
        IPhaseLog log,
        uint256 taskId,
        bytes calldata share,
        bytes calldata events
    ) internal view returns (IReducer.Event[] memory found) {
        uint64 count = uint64(share.number(Evidence.SHARE_EVENT_SEQ));
        bytes32 expected = share.word(Evidence.SHARE_EVENTS_HASH);
        bytes32 onChain = log.eventsHash(taskId, count);
        if (onChain != expected || (onChain == 0 && count != 0)) revert ISlasher.NoVerdict("events");
        found = new IReducer.Event[](count);
        bytes32 rolling = 0;
        uint256 end = 0;
        for (uint256 i = 0; i < count; ++i) {
            uint256 body = end + EVENT_HEAD;
            if (events.length < body) revert ISlasher.ProvesNothing("events");
            uint8 kind = uint8(events[end]);
            address originator = address(bytes20(events[end + 1:end + 21]));
            end = body + uint16(bytes2(events[body - 2:body]));
            if (events.length < end) revert ISlasher.ProvesNothing("events");
            found[i] = IReducer.Event(kind, events[body:end]);
            rolling = Digests.nextEvents(rolling, kind, originator, keccak256(events[body:end]));
        }
        if (end != events.length || rolling != expected) revert ISlasher.ProvesNothing("events");
    }

    /// @notice Whether the twin gives a state with this hash, and takes every input.
    /// @param closing the list holds a CLOSE: f_agg_close follows f_agg_status
    function isRight(
        ITaskBoard.TaskParams calldata params,
        IReducer.Context memory context,
        IReducer.Input[] memory inputs,
        IReducer.Event[] memory events,
        bool closing,
        bytes32 stateHash
    ) internal view returns (bool) {
        for (uint256 i = 0; i < inputs.length; ++i) {
            bytes memory call = abi.encodeCall(IReducer.validate, (params.reducerParams, inputs[i].state));
            if (!_bool(_ask(params.twin, call))) return false;
        }
        bytes memory question = abi.encodeCall(
            IReducer.aggregate,
            (params.reducerParams, context, inputs, events)
        );
        bytes memory state = _bytes(_ask(params.twin, question));
        if (closing) {
            question = abi.encodeCall(IReducer.close, (params.reducerParams, context, state, inputs));
            state = _bytes(_ask(params.twin, question));
        }
        return keccak256(state) == stateHash;
    }

    /// @dev A twin that reverts or runs out of gas says nothing.
    function _ask(address twin, bytes memory call) private view returns (bytes memory answer) {
        bool success;
        // a failed decoding of the answer must be told from the answer "no"
        // solhint-disable-next-line avoid-low-level-calls
        (success, answer) = twin.staticcall(call);
        if (!success) revert ISlasher.NoVerdict("twin reverts");
    }

    function _bool(bytes memory answer) private pure returns (bool) {
        if (answer.length != WORD || _word(answer, 0) > 1) revert ISlasher.NoVerdict("twin's answer");
        return _word(answer, 0) == 1;
    }

    /// @dev The one `bytes` in an answer: offset 32, length, data. It stays where it is in memory.
    function _bytes(bytes memory answer) private pure returns (bytes memory state) {
        bool isBytes = answer.length >= 2 * WORD && _word(answer, 0) == WORD;
        uint256 length = isBytes ? _word(answer, WORD) : 0;
        if (!isBytes || length > answer.length - 2 * WORD) revert ISlasher.NoVerdict("twin's answer");
        assembly ("memory-safe") {
            state := add(answer, 64)
        }
    }

    function _word(bytes memory data, uint256 offset) private pure returns (uint256 result) {
        assembly ("memory-safe") {
            result := mload(add(add(data, 32), offset))
        }
    }
}
