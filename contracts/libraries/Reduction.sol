// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IReducer} from "../interfaces/IReducer.sol";
import {ISlasher} from "../interfaces/ISlasher.sol";
import {ITaskBoard} from "../interfaces/ITaskBoard.sol";
import {Digests} from "./Digests.sol";
import {Snapshot} from "./Snapshot.sol";

/// @title Recomputes what a member voted for, with the task's twin
library Reduction {
    using Snapshot for bytes;

    uint256 private constant WORD = 32;

    /// @notice The inputs behind a vote's list, and the seats in it that bring none: they count as a CLOSE each. Reverts
    /// unless that is all of the list.
    /// @dev Warning: that a seat has signed its CLOSE is for the caller to check.
    /// @param list bitmap of the vote
    /// @param root inputs root of the vote
    /// @return found as the twin takes them
    /// @return leaving bitmap
    function listed(
        bytes32 cluster,
        uint64 height,
        uint256 list,
        bytes32 root,
        ISlasher.ListedInput[] calldata inputs
    ) internal pure returns (IReducer.Input[] memory found, uint256 leaving) {
        found = new IReducer.Input[](inputs.length);
        bytes memory digests = abi.encodePacked(uint32(list));
        uint256 next = 0;
        for (uint256 i = 0; list >> i != 0; ++i) {
            if ((list >> i) & 1 == 0) continue;
            bytes32 digest;
            if (next < inputs.length && inputs[next].member == i) {
                ISlasher.ListedInput calldata input = inputs[next];
                digest = Digests.status(cluster, height, keccak256(input.state), input.eventSeq);
                found[next] = IReducer.Input(input.member, input.state);
                ++next;
            } else {
                digest = Digests.close(cluster);
                leaving |= 1 << i;
            }
            digests = abi.encodePacked(digests, digest);
        }
        if (next != inputs.length || keccak256(digests) != root) revert ISlasher.ProvesNothing("inputs");
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

    /// @notice The bodies of ledger events 1 … count. Reverts unless they are what was posted.
    function posted(
        ITaskBoard board,
        uint256 taskId,
        uint256 count,
        ISlasher.LedgerEventBody[] calldata events
    ) internal view returns (bytes[] memory bodies) {
        if (events.length != count) revert ISlasher.ProvesNothing("events");
        bodies = new bytes[](count);
        for (uint256 i = 0; i < count; ++i) {
            bytes32 hash = keccak256(abi.encodePacked(events[i].originator, events[i].data));
            if (hash != board.eventHash(taskId, uint64(i + 1))) revert ISlasher.ProvesNothing("events");
            bodies[i] = events[i].data;
        }
    }

    /// @notice Whether the twin gives a state with this hash, and takes every input.
    /// @param closing the list holds a CLOSE: f_agg_close follows f_agg_status
    function isRight(
        ITaskBoard.TaskParams calldata params,
        IReducer.Context memory context,
        IReducer.Input[] memory inputs,
        bytes[] memory events,
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
