// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPhaseLog} from "../../contracts/interfaces/IPhaseLog.sol";
import {ITaskBoard} from "../../contracts/interfaces/ITaskBoard.sol";
import {Digests} from "../../contracts/libraries/Digests.sol";
import {Domain} from "../../contracts/libraries/Domain.sol";
import {History} from "./History.sol";
import {vm} from "./Vm.sol";

/// @title Checkpoints, sound and spoiled, and results
abstract contract LogHandler is History {
    uint256 private constant ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;

    /// @dev One attempt at a checkpoint, and whether it has to be accepted.
    struct Attempt {
        uint256 task;
        uint256 count;
        bytes batch;
        bytes32 root;
        uint256 eventSeq;
        uint256 bitmap;
        bytes exceptions;
        bytes signatures;
        bytes inputs;
        uint256 weight;
        bool sound;
        uint256[] lists;
    }

    function checkpoint(uint256 seed) external dice(seed) {
        uint256 task = _find(_pick(5) == 0 ? ITaskBoard.Status.Finalizing : ITaskBoard.Status.Active);
        if (task == _tasks.length) task = _find(ITaskBoard.Status.Finalizing);
        // now and then one that is over, or not drawn yet
        if (task == _tasks.length || _pick(20) == 0) task = _pick(_tasks.length);
        if (task >= _tasks.length) return;
        // checkpoints that come late are few else
        if (_isRunning(task) && _chance(8)) _rollToEnd(task);
        Attempt memory a = _attempt(task);
        Task storage t = _tasks[task];
        address sender = t.seats.length == 0 || _chance(20) ? address(this) : _submitter(t);
        uint256 first = t.last + (_chance(4) ? _pick(3) : 1);
        a.sound = a.sound && first == t.last + 1 && _isAcceptable(t, a);
        a.sound = a.sound && _maySubmit(a.task, sender);
        bytes memory data = abi.encodeCall(
            IPhaseLog.checkpoint,
            (
                _id(task),
                uint64(first),
                a.batch,
                a.bitmap,
                uint64(_seqAt(t, t.last + a.count)),
                headAt(task, t.last + a.count),
                a.exceptions,
                "",
                a.inputs,
                a.signatures
            )
        );
        (bool success, bytes memory answer) = _act(sender, address(log), data);
        if (success && !a.sound) _break(11, "a certificate that is none was accepted");
        if (!success && a.sound) _refused(11, "a certificate was refused", answer);
        if (success) _accepted(t, a, sender);
        else _did("checkpoint refused");
    }

    function finalize(uint256 seed) external dice(seed) {
        uint256 task = _findFormed();
        if (task == _tasks.length) return;
        Task storage t = _tasks[task];
        // the state behind a lie is not known here
        if (t.last == 0 || t.lied) return;
        Height storage h = _decided[task][t.last];
        bytes32 before = t.last == 1 ? Digests.rootZero(t.cluster) : _decided[task][t.last - 1].root;
        bytes memory result = _stateAt(task, t.last);
        bytes memory data = abi.encodeCall(
            ITaskBoard.finalize,
            (_id(task), result, before, h.inputsRoot, h.list)
        );
        (bool success, ) = _act(address(this), address(board), data);
        if (!success) return;
        if (_isRunning(task) && t.last < log.limitOf(_id(task)))
            _break(10, "a result before the last height");
        _did("finalize");
    }

    /// @dev Into the last blocks that take checkpoints.
    function _rollToEnd(uint256 task) private {
        uint256 to = _tasks[task].endBlock + _pick(CLOSE_GRACE);
        if (to > block.number) vm.roll(to);
    }

    /// @dev Batch, signers and what is spoiled about them.
    function _attempt(uint256 task) private returns (Attempt memory a) {
        Task storage t = _tasks[task];
        (a.task, a.sound) = (task, true);
        a.count = _between(1, t.epochHeights - (t.last % t.epochHeights));
        if (_chance(3)) a.count += 1 + _pick(t.epochHeights);
        // nothing is decided before the cluster is drawn
        bool lie = t.lied || t.seats.length == 0 || _chance(20);
        uint256 seq = t.last == 0 ? 0 : _decided[task][t.last].eventSeq;
        a.root = t.last == 0 ? Digests.rootZero(t.cluster) : _decided[task][t.last].root;
        a.lists = new uint256[](a.count);
        for (uint256 i = 1; i <= a.count; ++i) {
            Height memory h = lie ? _lie(t, seq) : _decide(task, t.last + i);
            a.batch = abi.encodePacked(
                a.batch,
                uint8(0),
                h.stateHash,
                h.inputsRoot,
                uint16(h.eventSeq - seq),
                _packed(h.list, t.seats.length)
            );
            (seq, a.lists[i - 1]) = (h.eventSeq, h.list);
            if (h.list >> t.seats.length != 0) a.sound = false;
            a.root = Digests.nextRoot(a.root, _valueOf(task, h));
        }
        a.eventSeq = seq;
        if (t.publishesInputs != _chance(3)) a.inputs = hex"01";
        _signAll(a, lie);
        if (_chance(4)) (a.signatures, a.sound) = (abi.encodePacked(a.signatures, hex"00"), false);
    }

    function _lie(Task storage t, uint256 seq) private returns (Height memory) {
        // sometimes one event more than there is
        uint256 extra = _chance(20) && seq <= t.events.length ? t.events.length - seq + 1 : 0;
        uint256 n = t.seats.length;
        // now and then somebody who has no seat; with 8 or more that takes another byte
        uint256 list = _chance(10) && n % 8 != 0 ? 1 << n : _drawList(n);
        return Height(bytes32(_pick(type(uint256).max)), bytes32(_pick(9)), list, seq + extra, 0, 0);
    }

    /// @dev A list in the ⌈n / 8⌉ bytes that it takes.
    function _packed(uint256 list, uint256 n) private pure returns (bytes memory packed) {
        packed = new bytes((n + 7) / 8);
        for (uint256 i = packed.length; i > 0; --i) {
            packed[i - 1] = bytes1(uint8(list));
            list >>= 8;
        }
    }

    function _signAll(Attempt memory a, bool lie) private {
        Task storage t = _tasks[a.task];
        bool careless = _chance(25);
        uint256 n = t.seats.length;
        (uint256 absent, uint256 start) = (_absentees(n), _pick(n));
        for (uint256 i = 0; i < n; ++i) {
            bool honest = _operators[_keys[t.seats[i].key].operator].honest;
            if ((lie && honest) || (start + i) % n < absent) continue;
            a.bitmap |= 1 << i;
            bool spoil = careless && _chance(20);
            a.signatures = abi.encodePacked(a.signatures, _signature(a, i, honest, spoil));
            if (spoil) a.sound = false;
            else ++a.weight;
        }
        if (_chance(3)) {
            a.bitmap |= 1 << n;
            a.sound = false;
        }
        a.sound = a.sound && 3 * a.weight > 2 * n;
    }

    /// @dev Nobody, one, as many as a quorum can spare, one more.
    function _absentees(uint256 n) private returns (uint256) {
        if (n == 0) return 0;
        uint256 spare = n - (2 * n) / 3 - 1;
        uint256[5] memory counts = [0, 0, 1, spare, spare + 1];
        return counts[_pick(5)];
    }

    /// @dev By the shared head, or by a liar's own; spoiled: by another key, for another height, with the other s.
    function _signature(
        Attempt memory a,
        uint256 seat,
        bool honest,
        bool spoil
    ) private returns (bytes memory) {
        Task storage t = _tasks[a.task];
        uint256 height = t.last + a.count;
        (uint256 seq, bytes32 head) = (_seqAt(t, height), headAt(a.task, height));
        if (!honest && _chance(10)) {
            (seq, head) = (_pick(9), bytes32(_pick(99)));
            a.exceptions = abi.encodePacked(a.exceptions, uint8(seat), uint64(seq), head);
        }
        uint256 kind = spoil ? _pick(3) : 3;
        if (kind == 0) ++height;
        bytes32 inputs = a.inputs.length == 0 ? bytes32(0) : keccak256(a.inputs);
        bytes32 hash = Digests.checkpoint(t.cluster, uint64(height), a.root, uint64(seq), head, inputs);
        uint256 secret = _keys[t.seats[seat].key].secret;
        bytes memory signature = _sign(
            kind == 1 ? secret + 50 : secret,
            Domain.digest(log.domainSeparator(), hash)
        );
        return kind == 2 ? _turned(signature) : signature;
    }

    /// @dev The same signature with n − s: valid to `ecrecover`, refused here.
    function _turned(bytes memory signature) internal pure returns (bytes memory) {
        (bytes32 r, uint256 s) = abi.decode(signature, (bytes32, uint256));
        return abi.encodePacked(r, ORDER - s, uint8(signature[64]) == 27 ? uint8(28) : uint8(27));
    }

    function _submitter(Task storage t) private returns (address) {
        Key storage k = _keys[t.seats[_chance(85) ? _turnOf(t) : _pick(t.seats.length)].key];
        return _chance(90) ? k.account : _operators[k.operator].wallet;
    }

    function _turnOf(Task storage t) private view returns (uint256) {
        uint256 turns = (block.number - t.lastBlock) / t.turnBlocks;
        return (t.last / t.epochHeights + turns) % t.seats.length;
    }

    function _isTheirTurn(Task storage t, address sender) private view returns (bool) {
        return sender == _keys[t.seats[_turnOf(t)].key].account;
    }

    /// @dev In turn; while Finalizing anybody.
    function _maySubmit(uint256 task, address sender) private view returns (bool) {
        (ITaskBoard.Status status, ) = expectedStatus(task);
        return status == ITaskBoard.Status.Finalizing || _isTheirTurn(_tasks[task], sender);
    }

    /// @dev Everything about a checkpoint but its signatures and its sender.
    function _isAcceptable(Task storage t, Attempt memory a) private view returns (bool) {
        (ITaskBoard.Status status, ) = expectedStatus(a.task);
        if (!_isRunning(a.task)) return false;
        uint256 limit = t.heights;
        uint256 late = t.last + t.epochHeights - t.grace;
        if (status == ITaskBoard.Status.Finalizing && late < limit) limit = late;
        uint256 last = t.last + a.count;
        uint256 endOfEpoch = (t.last / t.epochHeights + 1) * t.epochHeights;
        bool inputsFit = t.publishesInputs == (a.inputs.length != 0);
        return last <= limit && last <= endOfEpoch && a.eventSeq <= t.events.length && inputsFit;
    }

    function _accepted(Task storage t, Attempt memory a, address sender) private {
        (ITaskBoard.Status status, ) = expectedStatus(a.task);
        uint256 last = t.last + a.count;
        for (uint256 i = 0; i < t.seats.length; ++i) {
            for (uint256 h = 0; h < a.count; ++h) t.seats[i].covered += (a.lists[h] >> i) & 1;
        }
        uint256 elapsed = block.number - t.lastBlock;
        bool isPause = t.grace == 0 && elapsed * 2 >= t.stallBlocks;
        bool pays = last % t.epochHeights == 0 || last == t.heights || isPause;
        if (pays) ++t.feesDue;
        if (pays && _isTheirTurn(t, sender)) {
            t.seats[_turnOf(t)].feeUnits += a.weight;
            _did("fee");
        }
        if (status == ITaskBoard.Status.Finalizing) t.grace += a.count;
        else t.lastBlock = block.number;
        t.last = last;
        _remember(t, a);
        _did(status == ITaskBoard.Status.Finalizing ? "late checkpoint" : "checkpoint");
    }

    /// @dev A lie that had a quorum is what is decided from now on; the honest sign no more.
    function _remember(Task storage t, Attempt memory a) private {
        Height storage h = _decided[a.task][t.last];
        if (h.root == a.root && !t.lied) return;
        t.lied = true;
        (h.root, h.eventSeq) = (a.root, a.eventSeq);
        _did("lie with a quorum");
    }
}
