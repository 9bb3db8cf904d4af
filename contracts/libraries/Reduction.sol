// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPhaseLog} from "../interfaces/IPhaseLog.sol";
import {IReducer} from "../interfaces/IReducer.sol";
import {ISlasher} from "../interfaces/ISlasher.sol";
import {ITaskBoard} from "../interfaces/ITaskBoard.sol";
import {Digests} from "./Digests.sol";
import {Snapshot} from "./Snapshot.sol";
import {TaskStatus} from "./TaskStatus.sol";

/// @title Recomputes what a member voted for, with the task's twin
library Reduction {
    using Snapshot for bytes;

    uint256 private constant WORD = 32;
    /// @dev Of a ledger event: kind, originator, length.
    uint256 private constant EVENT_HEAD = 23;
    /// @dev Of the gas: a twin that took all it was given leaves at most the 64th part, one that reverted in time leaves this.
    uint256 private constant LEFT_AFTER_REVERT = 32;

    /// @notice Root after the height that a claim is about.
    function rootAfter(ISlasher.Claim calldata claim) internal pure returns (bytes32) {
        bytes32 value = Digests.value(
            claim.stateHash,
            claim.inputsRoot,
            claim.inputs,
            claim.eventSeq,
            claim.eventsHash
        );
        return Digests.nextRoot(claim.parent, value);
    }

    /// @notice Root after the heights that follow, by their values.
    function fold(bytes32 root, bytes32[] calldata later) internal pure returns (bytes32) {
        for (uint256 i = 0; i < later.length; ++i) root = Digests.nextRoot(root, later[i]);
        return root;
    }

    /// @notice The inputs behind a claim's list, and the seats in it that bring none: they count as a CLOSE each. Reverts
    /// unless that is all of the list.
    /// @dev Warning: that a seat has signed its CLOSE is for the caller to check.
    /// @return found as the twin takes them
    /// @return leaving bitmap
    function listed(
        bytes32 cluster,
        ISlasher.Claim memory claim,
        ISlasher.ListedInput[] calldata inputs
    ) internal pure returns (IReducer.Input[] memory found, uint256 leaving) {
        uint256 list = claim.inputs;
        found = new IReducer.Input[](inputs.length);
        bytes memory digests = abi.encodePacked(list);
        uint256 next = 0;
        for (uint256 i = 0; list >> i != 0; ++i) {
            if ((list >> i) & 1 == 0) continue;
            bytes32 digest;
            if (next < inputs.length && inputs[next].member == i) {
                ISlasher.ListedInput calldata input = inputs[next];
                bytes32 stateHash = keccak256(input.state);
                digest = Digests.status(cluster, claim.height, claim.parent, stateHash, input.eventSeq);
                found[next] = IReducer.Input(input.member, input.state);
                ++next;
            } else {
                digest = Digests.close(cluster);
                leaving |= 1 << i;
            }
            digests = abi.encodePacked(digests, digest);
        }
        bool isList = next == inputs.length && keccak256(digests) == claim.inputsRoot;
        if (!isList) revert ISlasher.ProvesNothing("inputs");
    }

    /// @notice What the twin may know besides its inputs.
    /// @param members the cluster's snapshot
    /// @param previous state of the height before, if the reducer is handed it
    function contextOf(
        bytes32 seed,
        uint64 height,
        bytes memory members,
        bytes memory previous
    ) internal pure returns (IReducer.Context memory) {
        IReducer.Member[] memory seats = new IReducer.Member[](members.count());
        for (uint256 i = 0; i < seats.length; ++i) {
            seats[i] = IReducer.Member(members.key(i), uint16(members.weight(i)));
        }
        return IReducer.Context(seed, height, seats, previous);
    }

    /// @notice The state of the height before, as the reducer is handed it. Reverts unless it hashes to the claim's parent; at
    /// height 1, unless it is the published result of the task's predecessor.
    function previousOf(
        ITaskBoard board,
        IPhaseLog log,
        ITaskBoard.TaskParams calldata params,
        ISlasher.Claim memory claim,
        ISlasher.Before calldata before
    ) internal view returns (bytes memory) {
        if (!params.usesPrevious) return "";
        if (claim.height == 1) return _handedOver(board, log, params.predecessor, before.state);
        bytes32 value = Digests.value(
            keccak256(before.state),
            before.inputsRoot,
            before.inputs,
            before.eventSeq,
            before.eventsHash
        );
        if (Digests.nextRoot(before.root, value) != claim.parent) revert ISlasher.ProvesNothing("previous");
        return before.state;
    }

    /// @notice The ledger events that a claim has seen. Reverts unless they are all of them, and there is no verdict unless
    /// the chain has the same: a member that read another branch is no liar.
    /// @param events packed: u8 kind ‖ address originator ‖ u16 length ‖ data each
    function posted(
        IPhaseLog log,
        uint256 taskId,
        ISlasher.Claim memory claim,
        bytes calldata events
    ) internal view returns (IReducer.Event[] memory found) {
        uint64 count = claim.eventSeq;
        bytes32 expected = claim.eventsHash;
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

    /// @notice Whether the twin gives a state with this hash. A list with an input that it refuses has no right state; what
    /// the twin gives is right whatever it says of the inputs, so that who has asked it cannot be wrong.
    /// @param closing the list holds a CLOSE: f_agg_close follows f_agg_status
    function isRight(
        ITaskBoard.TaskParams calldata params,
        IReducer.Context memory context,
        IReducer.Input[] memory inputs,
        IReducer.Event[] memory events,
        bool closing,
        bytes32 stateHash
    ) internal view returns (bool) {
        bytes memory question = abi.encodeCall(
            IReducer.aggregate,
            (params.reducerParams, context, inputs, events)
        );
        (bool success, bytes memory state) = _state(params.twin, question);
        if (success && closing) {
            question = abi.encodeCall(IReducer.close, (params.reducerParams, context, state, inputs));
            (success, state) = _state(params.twin, question);
        }
        if (success && keccak256(state) == stateHash) return true;
        for (uint256 i = 0; i < inputs.length; ++i) {
            bytes memory call = abi.encodeCall(IReducer.validate, (params.reducerParams, inputs[i].state));
            (bool answered, bytes memory answer) = _ask(params.twin, call);
            if (!answered) revert ISlasher.NoVerdict("twin reverts");
            if (!_bool(answer)) return false;
        }
        if (!success) revert ISlasher.NoVerdict("twin reverts");
        return false;
    }

    /// @dev A result is published once, so that what is handed over does not depend on when it is asked for. Nothing is handed
    /// over by a task that is over without an accepted height: none of the two can change any more. While neither is so,
    /// honest members have not opened height 1.
    function _handedOver(
        ITaskBoard board,
        IPhaseLog log,
        uint256 predecessor,
        bytes calldata state
    ) private view returns (bytes memory) {
        if (predecessor == 0) return "";
        bytes32 resultHash = board.task(predecessor).resultHash;
        if (resultHash != 0) {
            if (keccak256(state) != resultHash) revert ISlasher.ProvesNothing("previous");
            return state;
        }
        (ITaskBoard.Status status, ) = board.statusOf(predecessor);
        bool isOver = (1 << uint8(status)) & (TaskStatus.OVER | TaskStatus.EXPIRED) != 0;
        if (!isOver || log.head(predecessor).last != 0) revert ISlasher.NoVerdict("predecessor");
        return "";
    }

    function _state(
        address twin,
        bytes memory question
    ) private view returns (bool success, bytes memory state) {
        (success, state) = _ask(twin, question);
        if (success) state = _bytes(state);
    }

    /// @dev A twin that reverts says nothing. One that may have lacked gas gives no verdict: who brings the proof chooses how
    /// much there is, and the 64th part that EIP-150 keeps back would do for a conviction by `validate`.
    function _ask(address twin, bytes memory call) private view returns (bool success, bytes memory answer) {
        uint256 gasBefore = gasleft();
        // a failed decoding of the answer must be told from the answer "no"
        // solhint-disable-next-line avoid-low-level-calls
        (success, answer) = twin.staticcall(call);
        bool lackedGas = !success && gasleft() < gasBefore / LEFT_AFTER_REVERT;
        if (lackedGas) revert ISlasher.NoVerdict("twin's gas");
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
