// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ISlasher} from "../../contracts/interfaces/ISlasher.sol";
import {ITaskBoard} from "../../contracts/interfaces/ITaskBoard.sol";
import {Digests} from "../../contracts/libraries/Digests.sol";
import {Domain} from "../../contracts/libraries/Domain.sol";
import {Evidence} from "../../contracts/libraries/Evidence.sol";
import {LogChain} from "../../contracts/libraries/LogChain.sol";
import {LogHandler} from "./LogHandler.sol";

/// @title Proofs against liars, which have to hold, and the same again, which must not
abstract contract EvidenceHandler is LogHandler {
    /// @notice What a proof makes due, as the documentation has it.
    struct Charge {
        ISlasher.Offence offence;
        uint256 percent;
        bool correlated;
    }

    bytes[] private _proofs;

    function accuse(uint256 seed) external dice(seed) {
        uint256 task = _findFormed();
        if (task == _tasks.length) return;
        for (uint256 seat = 0; seat < _tasks[task].seats.length; ++seat) {
            Key storage k = _keys[_tasks[task].seats[seat].key];
            if (!_operators[k.operator].honest && _chance(60)) _accuse(task, seat);
        }
    }

    function _accuse(uint256 task, uint256 seat) private {
        (bytes memory proof, Charge memory c) = _prove(task, seat);
        (address reporter, address credited) = _reporter();
        if (_chance(5)) _upset();
        bool calm = _isCalm();
        bool due = _isEvidenceOpen(task) && _addsTo(task, seat, c);
        (bool success, bytes memory answer) = _act(reporter, address(slasher), proof);
        if (success && !due) _break(5, "a proof that adds nothing was taken");
        if (!success && due && calm) _refused(5, "a proof was refused", answer);
        if (!success) return;
        _convicted(task, seat, c, credited);
        _proofs.push(proof);
    }

    /// @dev A client, or an operator by its wallet, by the one that opened its account, or by one that is not yet its own.
    function _reporter() private returns (address reporter, address credited) {
        if (_chance(50)) return (_clients[0], _clients[0]);
        Operator storage o = _operators[_pick(_operators.length)];
        uint256 who = _pick(4);
        if (who == 0) return (o.account, o.account);
        if (who == 1 && o.offer != address(0)) {
            if (!_isOutside[o.offer]) _outsiders.push(o.offer);
            _isOutside[o.offer] = true;
            return (o.offer, o.offer);
        }
        return (o.wallet, o.account);
    }

    /// @notice Brings a proof again that was taken before.
    function repeat(uint256 seed) external dice(seed) {
        if (_proofs.length == 0) return;
        bytes memory proof = _proofs[_pick(_proofs.length)];
        (bool success, ) = _act(_clients[1], address(slasher), proof);
        if (success) _break(5, "a proof was taken twice");
        _did("repeat");
    }

    function _addsTo(uint256 task, uint256 seat, Charge memory c) private view returns (bool) {
        Seat storage s = _tasks[task].seats[seat];
        return c.percent > s.percent || (c.correlated && !s.correlated);
    }

    function _convicted(uint256 task, uint256 seat, Charge memory c, address reporter) private {
        Seat storage s = _tasks[task].seats[seat];
        Key storage k = _keys[s.key];
        uint256 stake = _tasks[task].stake;
        uint256 due = 0;
        // the ledger tells of the first conviction, and of the first grave one
        if (s.percent == 0 || (s.percent < 20 && c.percent >= 20)) {
            _note(task, 1, address(0), abi.encodePacked(uint8(seat), c.offence, uint8(c.percent)));
        }
        if (c.percent > s.percent) {
            due = _ceil(stake * c.percent) - takenOf[task][s.key];
            s.percent = c.percent;
        }
        s.convicted = true;
        s.correlated = s.correlated || c.correlated;
        _noteInactive(k);
        _operators[k.operator].jailedUntil = block.number + JAIL;
        _take(task, s.key, due);
        uint256 credit = due / 10 > BOUNTY ? BOUNTY : due / 10;
        if (credit == BOUNTY) _did("bounty");
        creditOf[reporter] += credit;
        burnt += due - credit;
        _did("conviction");
    }

    /// @dev An amount that leaves the lock.
    function _take(uint256 task, uint256 key, uint256 amount) internal {
        if (amount > lockOf[task][key]) _break(4, "more was taken than was locked");
        takenOf[task][key] += amount;
        _lose(task, key, amount);
    }

    function _prove(uint256 task, uint256 seat) private returns (bytes memory, Charge memory) {
        uint256 kind = _pick(8);
        uint256 height = 1 + _pick(5);
        if (kind == 0)
            return (
                _pair(task, seat, Evidence.STATUS, height),
                Charge(ISlasher.Offence.Equivocation, 5, true)
            );
        if (kind == 1)
            return (
                _pair(task, seat, Evidence.SHARE, height),
                Charge(ISlasher.Offence.Equivocation, 100, true)
            );
        if (kind == 2)
            return (
                _pair(task, seat, Evidence.CHECKPOINT, height),
                Charge(ISlasher.Offence.Equivocation, 100, true)
            );
        if (kind == 3) return (_amnesia(task, seat, height), Charge(ISlasher.Offence.Amnesia, 100, true));
        if (kind == 4) return (_illegalLog(task, seat, height), Charge(ISlasher.Offence.IllegalLog, 5, true));
        if (kind == 5) return (_forkedLog(task, seat), Charge(ISlasher.Offence.IllegalLog, 5, true));
        if (kind == 6 || !_tasks[task].provable) {
            return (_lonelyVote(task, seat, height), Charge(ISlasher.Offence.UnjustifiedVote, 1, false));
        }
        return _wrongReduction(task, seat);
    }

    /// @dev E1: two objects for one sign-once key.
    function _pair(
        uint256 task,
        uint256 seat,
        uint8 objectType,
        uint256 height
    ) private returns (bytes memory) {
        bytes memory a = _object(objectType, height, 1 + _pick(3));
        bytes memory b = _object(objectType, height, 4 + _pick(3));
        (bytes memory x, bytes memory y) = (
            _signObject(task, seat, objectType, a),
            _signObject(task, seat, objectType, b)
        );
        _did("E1");
        return abi.encodeCall(ISlasher.equivocation, (_id(task), uint8(seat), objectType, a, x, b, y));
    }

    /// @dev An object of a height in round 0 that says something that depends on `salt`.
    function _object(uint8 objectType, uint256 height, uint256 salt) private pure returns (bytes memory) {
        if (objectType == Evidence.STATUS) return abi.encode(height, 0, salt, 0);
        if (objectType == Evidence.SHARE) return abi.encode(height, 0, 0, salt, 0, 31, 0, 0, int256(-1));
        return abi.encode(height, salt, 1, salt, salt);
    }

    /// @dev E1b: locked on 7 in round 0, then a fresh vote for 8 in round 1.
    function _amnesia(uint256 task, uint256 seat, uint256 height) private returns (bytes memory) {
        bytes memory confirm = abi.encode(height, 0, 7);
        bytes memory share = abi.encode(height, 1, 0, 8, 0, 31, 0, 0, int256(-1));
        bytes memory x = _signObject(task, seat, Evidence.CONFIRM, confirm);
        bytes memory y = _signObject(task, seat, Evidence.SHARE, share);
        _did("E1b");
        return abi.encodeCall(ISlasher.amnesia, (_id(task), uint8(seat), confirm, x, share, y));
    }

    /// @dev E2: IDLE → DEBATE by the event of another move.
    function _illegalLog(uint256 task, uint256 seat, uint256 height) private returns (bytes memory) {
        LogChain.Entry memory e = LogChain.Entry(1, 2, uint8(4 + _pick(4)), 1, uint64(height), 0, 0);
        bytes32 before = bytes32(_pick(99));
        bytes memory checkpoint_ = abi.encode(height, 1, 1, LogChain.nextHead(before, e), 0);
        bytes memory x = _signObject(task, seat, Evidence.CHECKPOINT, checkpoint_);
        _did("E2");
        return
            abi.encodeCall(
                ISlasher.illegalLog,
                (_id(task), uint8(seat), checkpoint_, x, before, LogChain.encode(e))
            );
    }

    /// @dev E2: the log at a later height of the epoch is not longer. With epochs of one height: an illegal one.
    function _forkedLog(uint256 task, uint256 seat) private returns (bytes memory) {
        if (_tasks[task].epochHeights == 1) return _illegalLog(task, seat, 1);
        bytes memory first = abi.encode(1, 1, 9, 9, 0);
        bytes memory second = abi.encode(2, 1, 9, 9, 0);
        bytes memory x = _signObject(task, seat, Evidence.CHECKPOINT, first);
        bytes memory y = _signObject(task, seat, Evidence.CHECKPOINT, second);
        _did("E2 fork");
        return abi.encodeCall(ISlasher.forkedLog, (_id(task), uint8(seat), first, x, second, y, 0, ""));
    }

    /// @dev E3: a fresh vote for a list of one.
    function _lonelyVote(uint256 task, uint256 seat, uint256 height) private returns (bytes memory) {
        bytes memory vote = abi.encode(height, 0, 0, 5, 0, 1, 0, 0, int256(-1));
        bytes memory x = _signObject(task, seat, Evidence.SHARE, vote);
        _did("E3");
        return abi.encodeCall(ISlasher.unjustifiedVote, (_id(task), uint8(seat), Evidence.SHARE, vote, x));
    }

    /// @dev E4: a vote for a state that the twin does not give, with CONFIRMs of all liars of the cluster.
    function _wrongReduction(uint256 task, uint256 seat) private returns (bytes memory, Charge memory) {
        Task storage t = _tasks[task];
        (bytes32 root, ISlasher.ListedInput[] memory inputs) = _listed(t);
        uint256 list = (1 << t.seats.length) - 1;
        bytes memory share = abi.encode(
            1,
            0,
            Digests.rootZero(t.cluster),
            bytes32("wrong"),
            root,
            list,
            0,
            0,
            int256(-1)
        );
        bytes32 value = Digests.value("wrong", root, list, 0, 0);
        ISlasher.Confirmers memory c = ISlasher.Confirmers(2, 0, "");
        uint256 weight = 0;
        for (uint256 i = 0; i < t.seats.length; ++i) {
            if (_operators[_keys[t.seats[i].key].operator].honest || _chance(30)) continue;
            c.members |= 1 << i;
            bytes memory confirm = abi.encode(1, 2, value);
            c.signatures = abi.encodePacked(c.signatures, _signObject(task, i, Evidence.CONFIRM, confirm));
            ++weight;
        }
        _did("E4");
        return (
            abi.encodeCall(
                ISlasher.wrongReduction,
                (
                    _id(task),
                    uint8(seat),
                    share,
                    _signObject(task, seat, Evidence.SHARE, share),
                    abi.decode(t.params, (ITaskBoard.TaskParams)),
                    inputs,
                    "",
                    "",
                    c,
                    ISlasher.Before("", 0, 0, 0, 0, 0)
                )
            ),
            Charge(ISlasher.Offence.WrongReduction, 20 + (80 * weight) / t.seats.length, false)
        );
    }

    /// @dev Inputs of height 1 and their root.
    function _listed(Task storage t) private view returns (bytes32, ISlasher.ListedInput[] memory inputs) {
        inputs = new ISlasher.ListedInput[](t.seats.length);
        bytes32[] memory hashes = new bytes32[](inputs.length);
        for (uint256 i = 0; i < inputs.length; ++i) {
            bytes memory state = _inputOf(1, i);
            inputs[i] = ISlasher.ListedInput(uint8(i), 0, state);
            hashes[i] = Digests.status(t.cluster, 1, Digests.rootZero(t.cluster), keccak256(state), 0);
        }
        return (Digests.inputsRoot((1 << inputs.length) - 1, hashes), inputs);
    }

    function _signObject(
        uint256 task,
        uint256 seat,
        uint8 objectType,
        bytes memory fields
    ) internal view returns (bytes memory) {
        Task storage t = _tasks[task];
        bytes32[6] memory types = [
            bytes32(0),
            Digests.HELLO,
            Digests.STATUS,
            Digests.SHARE,
            Digests.CONFIRM,
            Digests.CHECKPOINT
        ];
        bytes32 hash = keccak256(abi.encodePacked(types[objectType], t.cluster, fields));
        return _sign(_keys[t.seats[seat].key].secret, Domain.digest(log.domainSeparator(), hash));
    }
}
