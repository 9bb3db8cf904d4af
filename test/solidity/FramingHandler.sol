// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ISlasher} from "../../contracts/interfaces/ISlasher.sol";
import {ITaskBoard} from "../../contracts/interfaces/ITaskBoard.sol";
import {Evidence} from "../../contracts/libraries/Evidence.sol";
import {LogChain} from "../../contracts/libraries/LogChain.sol";
import {EvidenceHandler} from "./EvidenceHandler.sol";

/// @title Proofs against members that follow the protocol, made of all that they sign (I17)
/// @notice At each height an honest member signs one STATUS; a HELLO, a SHARE and a CONFIRM in each of two rounds; one
/// CHECKPOINT. In every other height the first round confirms NIL and the second is free, else it is locked and shares
/// the locked value again.
abstract contract FramingHandler is EvidenceHandler {
    struct Signed {
        uint8 objectType;
        uint256 height;
        bytes fields;
        bytes signature;
    }

    function frame(uint256 seed) external dice(seed) {
        uint256 task = _pick(10) == 0 ? _findFormed() : _findHonest();
        if (task == _tasks.length || _tasks[task].lied) return;
        uint256 count = _tasks[task].seats.length;
        uint256 start = _pick(count);
        for (uint256 i = 0; i < count; ++i) {
            uint256 seat = (start + i) % count;
            if (_operators[_keys[_tasks[task].seats[seat].key].operator].honest) _frame(task, seat);
        }
    }

    /// @dev A task in which proofs are still taken and honest members still sign; `taskCount` if there is none.
    function _findHonest() private view returns (uint256 task) {
        while (task < _tasks.length && (_tasks[task].lied || !_isEvidenceOpen(task))) ++task;
    }

    function _frame(uint256 task, uint256 seat) private {
        bytes memory proof = _accusation(task, seat);
        (bool success, ) = _act(_clients[1], address(slasher), proof);
        if (success) _break(17, "an honest member was convicted");
        _did("framing");
    }

    function _accusation(uint256 task, uint256 seat) private returns (bytes memory) {
        (uint256 id, uint8 member) = (_id(task), uint8(seat));
        uint256 kind = _pick(6);
        // sometimes the bytes of another type
        uint8 other = _chance(80) ? 0 : uint8(1 + _pick(5));
        if (kind == 0) {
            Signed memory a = _any(task, seat, uint8(1 + _pick(5)));
            Signed memory b = _any(task, seat, other == 0 ? a.objectType : other);
            return
                abi.encodeCall(
                    ISlasher.equivocation,
                    (id, member, a.objectType, a.fields, a.signature, b.fields, b.signature)
                );
        }
        if (kind == 1) {
            Signed memory a = _any(task, seat, Evidence.CONFIRM);
            Signed memory b = _any(task, seat, Evidence.SHARE);
            return
                abi.encodeCall(ISlasher.amnesia, (id, member, a.fields, a.signature, b.fields, b.signature));
        }
        if (kind == 2) {
            Signed memory a = _any(task, seat, Evidence.CHECKPOINT);
            (bytes32 before, bytes memory entries) = _stretch(task, a.height);
            return abi.encodeCall(ISlasher.illegalLog, (id, member, a.fields, a.signature, before, entries));
        }
        if (kind == 3) {
            Signed memory a = _any(task, seat, Evidence.CHECKPOINT);
            Signed memory b = _any(task, seat, Evidence.CHECKPOINT);
            (bytes32 before, bytes memory entries) = _stretch(task, b.height);
            return
                abi.encodeCall(
                    ISlasher.forkedLog,
                    (id, member, a.fields, a.signature, b.fields, b.signature, before, entries)
                );
        }
        Signed memory vote = _any(task, seat, _chance(50) ? Evidence.SHARE : Evidence.HELLO);
        if (kind == 4 || !_tasks[task].provable) {
            return
                abi.encodeCall(
                    ISlasher.unjustifiedVote,
                    (id, member, vote.objectType, vote.fields, vote.signature)
                );
        }
        return _reduction(task, seat);
    }

    function _reduction(uint256 task, uint256 seat) private returns (bytes memory) {
        Task storage t = _tasks[task];
        uint256 height = 1 + _pick(t.heights);
        Signed memory share = _signed(task, seat, Evidence.SHARE, height, _pick(2));
        uint256 seq = _decided[task][height].eventSeq;
        ISlasher.ListedInput[] memory inputs = new ISlasher.ListedInput[](t.seats.length);
        for (uint256 i = 0; i < inputs.length; ++i) {
            inputs[i] = ISlasher.ListedInput(uint8(i), 0, _inputOf(height, i));
        }
        // now and then one event less than the vote has seen, or an input that was bent
        if (seq != 0 && _chance(20)) --seq;
        if (_chance(20)) inputs[_pick(inputs.length)].state = hex"";
        bytes memory events = "";
        for (uint256 i = 0; i < seq; ++i) {
            Posted storage e = t.events[i];
            events = abi.encodePacked(events, e.kind, e.originator, uint16(e.data.length), e.data);
        }
        return
            abi.encodeCall(
                ISlasher.wrongReduction,
                (
                    _id(task),
                    uint8(seat),
                    share.fields,
                    share.signature,
                    abi.decode(t.params, (ITaskBoard.TaskParams)),
                    inputs,
                    hex"",
                    events,
                    ISlasher.Confirmers(0, 0, ""),
                    ISlasher.Before("", 0, 0, 0, 0, 0)
                )
            );
    }

    function _any(uint256 task, uint256 seat, uint8 objectType) private returns (Signed memory) {
        // few heights, so that pairs meet
        uint256 most = _tasks[task].heights < 4 ? _tasks[task].heights : 4;
        return _signed(task, seat, objectType, 1 + _pick(most), _pick(2));
    }

    function _signed(
        uint256 task,
        uint256 seat,
        uint8 objectType,
        uint256 height,
        uint256 round
    ) private returns (Signed memory s) {
        // heights are decided one after the other
        for (uint256 h = 1; h <= height; ++h) _decide(task, h);
        bytes memory fields = _fields(task, objectType, height, round);
        return Signed(objectType, height, fields, _signObject(task, seat, objectType, fields));
    }

    function _fields(
        uint256 task,
        uint8 objectType,
        uint256 height,
        uint256 round
    ) private view returns (bytes memory) {
        Task storage t = _tasks[task];
        Height storage h = _decided[task][height];
        bool locked = height % 2 == 0;
        bytes32 value = _valueOf(task, h);
        if (objectType == Evidence.STATUS) return abi.encode(height, h.parent, h.stateHash, h.eventSeq);
        if (objectType == Evidence.CHECKPOINT) {
            bytes32 inputs = t.publishesInputs ? keccak256(hex"01") : bytes32(0);
            return abi.encode(height, h.root, _seqAt(t, height), headAt(task, height), inputs);
        }
        int256 validRound = locked && round == 1 ? int256(0) : int256(-1);
        if (objectType == Evidence.HELLO) {
            return abi.encode(height, round, value, h.inputsRoot, h.list, validRound);
        }
        if (objectType == Evidence.SHARE) {
            bytes32 rolling = _rollingAt(task, h.eventSeq);
            return
                abi.encode(
                    height,
                    round,
                    h.parent,
                    h.stateHash,
                    h.inputsRoot,
                    h.list,
                    h.eventSeq,
                    rolling,
                    validRound
                );
        }
        return abi.encode(height, round, locked || round == 1 ? value : bytes32(0));
    }

    /// @dev The last entries of the log at a height, and the head before them; sometimes with one byte bent.
    function _stretch(uint256 task, uint256 height) private returns (bytes32 before, bytes memory entries) {
        uint256 epochHeights = _tasks[task].epochHeights;
        uint256 first = ((height - 1) / epochHeights) * epochHeights + 1;
        first += _pick(height - first + 1);
        before =
            (first - 1) % epochHeights == 0
                ? LogChain.headZero(_tasks[task].cluster, uint64((first - 1) / epochHeights))
                : headAt(task, first - 1);
        uint256 seq = ENTRIES_PER_HEIGHT * ((first - 1) % epochHeights);
        for (uint256 h = first; h <= height; ++h) {
            for (uint256 i = 1; i <= ENTRIES_PER_HEIGHT; ++i) {
                entries = abi.encodePacked(entries, LogChain.encode(_entry(++seq, i, h)));
            }
        }
        if (_chance(20)) entries[_pick(entries.length)] ^= 0x01;
    }
}
