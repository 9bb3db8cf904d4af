// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {INodeRegistry} from "../../contracts/interfaces/INodeRegistry.sol";
import {IPhaseLog} from "../../contracts/interfaces/IPhaseLog.sol";
import {Moment} from "../../contracts/libraries/Moments.sol";
import {ITaskBoard} from "../../contracts/interfaces/ITaskBoard.sol";
import {Books} from "./Books.sol";
import {Ghost} from "./Ghost.sol";

/// @title What holds after every call, whoever did what before: the invariants I1 … I21
abstract contract Laws is Books {
    function _all() internal view {
        _i1();
        _i2();
        _i3();
        _i4();
        _i5();
        _i6();
        _i7();
        _i8();
        _i9();
        _i10();
        _i11();
        _i12();
        _i13();
        _i14();
        _i15();
        _i16();
        _i17();
        _i19();
        _i20();
        _i21();
    }

    /// @dev Sum of what people own = what came in less what went out = the balance without donations.
    function _i1() internal view {
        _unbroken(1);
        (uint256 staked, uint256 flow) = _stake();
        _require(staked == flow, 1, "stake is not deposits - withdrawals - penalties");
        uint256 balance = _h.token().balanceOf(address(_h.registry()));
        uint256 lost = _credits() + _h.registry().burnt();
        _require(balance - _h.donatedToRegistry() == staked + lost, 1, "the registry's balance");
        balance = _h.token().balanceOf(address(_h.board()));
        uint256 pay = _escrows() + _h.board().burnt();
        _require(balance - _h.donatedToBoard() == pay, 1, "the board's balance");
        _require(lost == _h.slashed() - _h.creditsPaid(), 1, "credits and burnt stake");
        _require(_h.registry().burnt() == _h.burnt(), 1, "burnt stake");
        _require(_h.board().burnt() == _h.burntPay(), 1, "burnt pay");
    }

    function _i2() internal view {
        (uint256 staked, ) = _stake();
        staked += _credits() + _h.registry().burnt();
        _require(_h.token().balanceOf(address(_h.registry())) >= staked, 2, "registry");
        _require(_h.token().balanceOf(address(_h.board())) >= _escrows() + _h.board().burnt(), 2, "board");
    }

    function _i3() internal view {
        _unbroken(3);
    }

    /// @dev Every lock is what the sign-up locked less what was taken from it.
    function _i4() internal view {
        _unbroken(4);
        Ghost.Key[] memory keys = _h.keys();
        for (uint256 task = 0; task < _h.taskCount(); ++task) {
            uint256 stake = _h.taskAt(task).stake;
            for (uint256 key = 0; key < keys.length; ++key) {
                uint256 lock = _h.registry().lockOf(task + 1, keys[key].account);
                _require(lock == _h.lockOf(task, key), 4, "a lock");
                _require(lock + _h.takenOf(task, key) <= stake, 4, "more than the lock");
            }
        }
    }

    function _i5() internal view {
        _unbroken(5);
    }

    /// @dev A key that became inactive stays so, and since when does not move.
    function _i6() internal view {
        _unbroken(6);
        Ghost.Key[] memory keys = _h.keys();
        for (uint256 i = 0; i < keys.length; ++i) {
            uint256 until = _h.operators()[keys[i].operator].jailedUntil;
            bool isWelcome = keys[i].inactiveSince == 0 && block.number > until;
            INodeRegistry.KeyStatus status = _h.registry().keyStatus(keys[i].account);
            _require((status == INodeRegistry.KeyStatus.Active) == isWelcome, 6, "status of a key");
            uint256 since = _h.registry().inactiveSince(keys[i].account).number;
            _require(since == keys[i].inactiveSince, 6, "since when a key is inactive");
        }
    }

    function _i7() internal view {
        _unbroken(7);
        for (uint256 task = 0; task < _h.taskCount(); ++task) {
            Ghost.Seat[] memory seats = _h.taskAt(task).seats;
            for (uint256 i = 0; i < seats.length; ++i) {
                (uint8 percent, bool correlated) = _h.board().convictionOf(task + 1, uint8(i));
                _require(percent == seats[i].percent, 7, "percent of a conviction");
                _require(correlated == seats[i].correlated, 7, "kind of a conviction");
            }
        }
    }

    function _i8() internal view {
        _unbroken(8);
        for (uint256 task = 0; task < _h.taskCount(); ++task) {
            Ghost.Task memory t = _h.taskAt(task);
            _require(t.paid + t.burnt <= t.escrow, 8, "more was paid and burnt than was escrowed");
        }
    }

    function _i9() internal view {
        for (uint256 task = 0; task < _h.taskCount(); ++task) {
            Ghost.Task memory t = _h.taskAt(task);
            if (t.last == 0) continue;
            bytes32 root = _h.decidedAt(task, t.last).root;
            _require(_h.log().head(task + 1).root == root, 9, "another root");
        }
    }

    function _i10() internal view {
        _unbroken(10);
        for (uint256 task = 0; task < _h.taskCount(); ++task) {
            Ghost.Task memory t = _h.taskAt(task);
            IPhaseLog.Head memory head = _h.log().head(task + 1);
            _require(head.last == t.last, 10, "last height");
            if (t.last != 0) _require(head.eventSeq == _h.decidedAt(task, t.last).eventSeq, 10, "events");
            _require(head.eventSeq <= t.events.length, 10, "an event that was not posted");
            _require(head.events == t.events.length, 10, "events that were posted");
            bytes32 rolling = _h.log().eventsHash(task + 1, head.events);
            bytes32 expected = head.events == 0 ? bytes32(0) : t.events[head.events - 1].rolling;
            _require(rolling == expected, 10, "the hash of the events");
        }
    }

    function _i11() internal view {
        _unbroken(11);
    }

    /// @dev Status and windows, to the block.
    function _i12() internal view {
        _unbroken(12);
        for (uint256 task = 0; task < _h.taskCount(); ++task) {
            (ITaskBoard.Status status, uint256 closedAt) = _h.expectedStatus(task);
            (ITaskBoard.Status given, Moment memory givenAt) = _h.board().statusOf(task + 1);
            _require(given == status && givenAt.number == closedAt, 12, "status");
            _require(_h.board().claimsOpenAt(task + 1).number == _h.expectedClaimsAt(task), 12, "claims");
        }
    }

    function _i13() internal view {
        _unbroken(13);
        Ghost.Operator[] memory operators = _h.operators();
        for (uint256 i = 0; i < operators.length; ++i) {
            for (uint256 j = 0; j < operators[i].tranches.length; ++j) {
                INodeRegistry.Tranche memory t = _h.registry().trancheOf(operators[i].account, uint64(j));
                _require(t.amount == operators[i].tranches[j].amount, 13, "amount of a tranche");
                _require(t.unbondingEndsAt == operators[i].tranches[j].endsAt, 13, "end of a tranche");
            }
        }
    }

    /// @dev What the log has counted for each member is what was counted here.
    function _i14() internal view {
        _unbroken(14);
        for (uint256 task = 0; task < _h.taskCount(); ++task) {
            Ghost.Seat[] memory seats = _h.taskAt(task).seats;
            (uint64 last, uint64 due, uint16[] memory missed, uint32[] memory units) = _h.log().tally(
                task + 1
            );
            _require(missed.length == seats.length, 14, "seats");
            _require(due == _h.taskAt(task).feesDue, 14, "fees due");
            for (uint256 i = 0; i < seats.length; ++i) {
                _require(last - missed[i] == seats[i].covered, 14, "covered heights");
                _require(units[i] == seats[i].feeUnits, 14, "fee units");
            }
        }
    }

    function _i15() internal view {
        Ghost.Operator[] memory operators = _h.operators();
        for (uint256 i = 0; i < operators.length; ++i) {
            Ghost.Operator memory o = operators[i];
            uint256 stake = _stakeOf(o.account);
            _require(o.withdrawn + stake == o.deposited - o.slashed, 15, "stake of an operator");
        }
    }

    function _i16() internal view {
        _unbroken(16);
    }

    /// @dev No proof ever took anything from the honest.
    function _i17() internal view {
        _unbroken(17);
        Ghost.Operator[] memory operators = _h.operators();
        for (uint256 i = 0; i < operators.length; ++i) {
            if (!operators[i].honest) continue;
            uint256 kept = _stakeOf(operators[i].account) + operators[i].quitting;
            _require(kept + operators[i].withdrawn == operators[i].deposited, 17, "an honest operator lost");
        }
    }

    /// @dev What a key has locked by itself stays within what its operator allowed, and so does what it can lose.
    function _i19() internal view {
        _unbroken(19);
        Ghost.Key[] memory keys = _h.keys();
        for (uint256 i = 0; i < keys.length; ++i) {
            INodeRegistry.Allowance memory a = _h.registry().allowanceOf(keys[i].account);
            _require(a.perTask == keys[i].perTask && a.total == keys[i].total, 19, "an allowance");
            _require(a.running == keys[i].running, 19, "what a key has running");
            _require(keys[i].lost + keys[i].running <= keys[i].atRisk, 19, "more at risk than was allowed");
        }
    }

    /// @dev One wallet acts for each operator, no wallet for two, and none that was replaced for any.
    function _i20() internal view {
        _unbroken(20);
        INodeRegistry registry = _h.registry();
        Ghost.Operator[] memory operators = _h.operators();
        for (uint256 i = 0; i < operators.length; ++i) {
            Ghost.Operator memory o = operators[i];
            _require(registry.walletOf(o.account) == o.wallet, 20, "the wallet of an operator");
            _require(registry.accountOf(o.wallet) == o.account, 20, "the account of a wallet");
            address payout = o.payout == address(0) ? o.wallet : o.payout;
            _require(registry.payoutOf(o.account) == payout, 20, "where an operator is paid");
            _require(registry.offerOf(o.account) == o.offer, 20, "to whom an account is offered");
            for (uint256 j = 0; j < o.past.length; ++j) {
                _require(registry.accountOf(o.past[j]) == address(0), 20, "a past wallet has an account");
            }
        }
    }

    /// @dev What the line holds came in by `fund` and `collect` and left by `renew` and `withdraw`; it owes nobody anything.
    function _i21() internal view {
        _unbroken(21);
        uint256 budget = _h.line().standing().budget;
        _require(budget == _h.budget(), 21, "the budget of the line");
        uint256 balance = _h.token().balanceOf(address(_h.line()));
        _require(balance == budget + _h.donatedToLine(), 21, "the balance of the line");
    }
}
