// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPhaseLog} from "../../contracts/interfaces/IPhaseLog.sol";
import {Digests} from "../../contracts/libraries/Digests.sol";
import {Domain} from "../../contracts/libraries/Domain.sol";
import {LogHandler} from "./LogHandler.sol";

/// @title Signatures that the last checkpoint left out, sound and spoiled
abstract contract CoSignHandler is LogHandler {
    /// @dev What is signed, and what is said to be signed.
    struct Late {
        uint256 height;
        uint256 seq;
        bytes32 head;
        bytes signature;
        bool sound;
    }

    function coSign(uint256 seed) external dice(seed) {
        uint256 task = _chance(90) ? _findMissing() : _findFormed();
        if (task == _tasks.length || _tasks[task].last == 0) return;
        Task storage t = _tasks[task];
        uint256 seat = _pickMissing(t);
        // the honest do not sign a lie
        if (seat < t.seats.length && t.lied && _operators[_keys[t.seats[seat].key].operator].honest) return;
        Late memory late = _late(task, seat);
        late.sound = late.sound && _isRunning(task) && (t.missing >> seat) & 1 == 1;
        bytes memory data = abi.encodeCall(
            IPhaseLog.coSign,
            (_id(task), uint8(seat), uint64(late.seq), late.head, "", late.signature)
        );
        (bool success, bytes memory answer) = _act(_clients[1], address(log), data);
        if (success && !late.sound) _break(11, "a late signature that is none was accepted");
        if (!success && late.sound) _refused(11, "a late signature was refused", answer);
        if (!success) return _did("coSign refused");
        (success, ) = _act(_clients[1], address(log), data);
        if (success) _break(11, "a late signature was accepted twice");
        t.missing &= ~(uint256(1) << seat);
        t.seats[seat].covered += t.lastCount;
        _did("coSign");
    }

    /// @dev A task that runs and whose last checkpoint left somebody out; `taskCount` if there is none.
    function _findMissing() private view returns (uint256 task) {
        while (task < _tasks.length && (_tasks[task].missing == 0 || !_isRunning(task))) ++task;
    }

    /// @dev Mostly a seat that did not sign; else any, or one that there is not.
    function _pickMissing(Task storage t) private returns (uint256 seat) {
        uint256 n = t.seats.length;
        seat = _pick(n + 1);
        if (_chance(10)) return seat;
        for (uint256 i = 0; i < n && (t.missing >> seat) & 1 == 0; ++i) seat = (seat + 1) % n;
    }

    /// @dev By the shared head or by a liar's own; spoiled: for another height, by another key, with the other s, for
    /// another head than the one given.
    function _late(uint256 task, uint256 seat) private returns (Late memory late) {
        Task storage t = _tasks[task];
        (late.height, late.seq, late.head) = (t.last, _seqAt(t, t.last), headAt(task, t.last));
        Key storage k = _keys[seat < t.seats.length ? t.seats[seat].key : 0];
        if (!_operators[k.operator].honest && _chance(30))
            (late.seq, late.head) = (_pick(9), bytes32(_pick(99)));
        uint256 spoilt = _pick(12);
        late.sound = spoilt > 3;
        if (spoilt == 0) ++late.height;
        bytes32 hash = Digests.checkpoint(
            t.cluster,
            uint64(late.height),
            _decided[task][t.last].root,
            uint64(late.seq),
            late.head
        );
        bytes32 digest = Domain.digest(log.domainSeparator(), hash);
        late.signature = _sign(spoilt == 1 ? k.secret + 50 : k.secret, digest);
        if (spoilt == 2) late.signature = _turned(late.signature);
        if (spoilt == 3) late.head = ~late.head;
    }
}
