// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {INodeRegistry} from "../../contracts/interfaces/INodeRegistry.sol";
import {ITaskBoard} from "../../contracts/interfaces/ITaskBoard.sol";
import {ITaskLine} from "../../contracts/interfaces/ITaskLine.sol";
import {FramingHandler} from "./FramingHandler.sol";
import {vm} from "./Vm.sol";

/// @title Rewards, locks and credits on their way back
abstract contract MoneyHandler is FramingHandler {
    function claim(uint256 seed) external dice(seed) {
        if (_tasks.length == 0) return;
        uint256 task = _pick(_tasks.length);
        uint256 operators_ = _operators.length;
        uint256 who = _pick(operators_ + 4);
        if (_chance(10)) _upset();
        address account = who >= operators_ ? _tasks[task].client : _operators[who].account;
        if (who == operators_ + 3) account = _outsiders[0];
        _claim(task, account);
        // and the same again
        if (_chance(50)) _claim(task, account);
    }

    function release(uint256 seed) external dice(seed) {
        if (_tasks.length == 0) return;
        if (_chance(5)) _upset();
        uint256 task = _pick(_tasks.length);
        _release(task, _pickLocked(task), address(this));
    }

    function withdrawCredit(uint256 seed) external dice(seed) {
        uint256 who = _pick(_operators.length + 1);
        if (_chance(10)) _upset();
        _withdrawCredit(who == _operators.length ? _clients[0] : _operators[who].account);
    }

    /// @notice What an account has not been paid of a task, if claims are open.
    function owed(uint256 task, address account) public view returns (uint256 amount) {
        Task storage t = _tasks[task];
        for (uint256 i = 0; i < t.seats.length; ++i) {
            uint256 operator = _keys[t.seats[i].key].operator;
            if (_operators[operator].account == account && !_paidTo[task][operator]) amount += _earned(t, i);
        }
        if (account == t.former && !t.formerPaid) amount += _formFee(t);
        if (account == t.client && !t.clientPaid) amount += t.escrow - _spent(t) - _formFee(t);
    }

    /// @notice What nobody earned of what the client has spent, and is not booked yet.
    function lost(uint256 task) public view returns (uint256 amount) {
        Task storage t = _tasks[task];
        if (t.settled) return 0;
        amount = _spent(t);
        for (uint256 i = 0; i < t.seats.length; ++i) amount -= _earned(t, i);
    }

    /// @notice Everybody who may be owed something.
    function people() public view returns (address[] memory all) {
        all = new address[](_operators.length + _clients.length + _outsiders.length + 1);
        all[all.length - 1] = address(line);
        for (uint256 i = 0; i < _operators.length; ++i) all[i] = _operators[i].account;
        for (uint256 i = 0; i < _clients.length; ++i) all[_operators.length + i] = _clients[i];
        uint256 start = _operators.length + _clients.length;
        for (uint256 i = 0; i < _outsiders.length; ++i) all[start + i] = _outsiders[i];
    }

    /// @notice Long after everything: one account takes all that is its own, and nobody else does anything.
    function exit(address account) external {
        _calm();
        uint256 over = block.number + 2 * TASK_BLOCKS_MAX + CLOSE_GRACE + EVIDENCE + 300;
        vm.roll(over);
        for (uint256 task = 0; task < _tasks.length; ++task) {
            for (uint256 key = 0; key < _keys.length; ++key) {
                bool isTheirs = _operators[_keys[key].operator].account == account;
                if (isTheirs && lockOf[task][key] != 0) _release(task, key, account);
            }
            if (owed(task, account) + lost(task) != 0) _claim(task, account);
        }
        if (creditOf[account] != 0) _withdrawCredit(account);
        for (uint256 i = 0; i < _operators.length; ++i) if (_operators[i].account == account) _leave(i);
        if (account == address(line)) _empty();
    }

    /// @dev The owner alone takes what the line has left.
    function _empty() internal virtual;

    /// @dev What the accepted heights and the fees that were due cost; who is drawn for a revoked task is paid one height.
    function _spent(Task storage t) private view returns (uint256) {
        if (t.formBlock == 0) return 0;
        return t.reward * (t.heights == 0 ? 1 : t.last) + t.fee * t.feesDue;
    }

    /// @dev As ITaskBoard says it, by the sign-ups and the seats counted here.
    function _formFee(Task storage t) private view returns (uint256) {
        if (t.former == address(0)) return 0;
        return t.price * (320_000 + 8_600 * t.signups + 18_600 * t.seats.length);
    }

    function _earned(Task storage t, uint256 seat) private view returns (uint256) {
        Seat storage s = t.seats[seat];
        if (s.convicted) return 0;
        uint256 covered = t.heights == 0 ? 1 : s.covered;
        uint256 n = t.seats.length;
        return (t.reward * covered) / n + (t.fee * s.feeUnits) / n;
    }

    function _leave(uint256 operator) private {
        uint256 free = registry.account(_operators[operator].account).free;
        if (free != 0) _unbond(operator, free);
        vm.roll(block.number + UNBONDING);
        uint256 count = _operators[operator].tranches.length;
        for (uint256 i = 0; i < count; ++i) {
            if (_operators[operator].tranches[i].amount != 0) _withdraw(operator, i);
        }
    }

    function _claim(uint256 task, address account) internal {
        account = _accountOf(account);
        Task storage t = _tasks[task];
        uint256 opensAt = expectedClaimsAt(task);
        bool isOpen = opensAt != 0 && block.number >= opensAt;
        bool calm = _isCalm();
        (uint256 expected, uint256 unearned) = (owed(task, account), lost(task));
        (bool success, bytes memory answer) = _askFor(account, task);
        if (success && !isOpen) _break(12, "claimed while proofs were still taken");
        if (!success && isOpen && expected + unearned != 0 && calm)
            _refused(8, "a claim was refused", answer);
        if (!success) return;
        uint256 amount = abi.decode(answer, (uint256));
        if (amount > expected) _break(_hasConvict(t) ? 7 : 14, "more was paid than was earned");
        if (amount < expected) _break(8, "less was paid than was earned");
        t.paid += amount;
        t.burnt += unearned;
        burntPay += unearned;
        t.settled = true;
        if (unearned != 0) _did("burnt");
        if (account == t.client) t.clientPaid = true;
        if (account == t.former && !t.formerPaid) {
            t.formerPaid = true;
            _did("form fee");
        }
        for (uint256 i = 0; i < _operators.length; ++i) {
            if (_operators[i].account == account) _paidTo[task][i] = true;
        }
        _did("claim");
    }

    function _release(uint256 task, uint256 key, address sender) internal {
        uint256 opensAt = expectedClaimsAt(task);
        Task storage t = _tasks[task];
        uint256 seat = _seatOf(t, key);
        bool isOpen = opensAt != 0 && block.number >= opensAt;
        if (t.formBlock != 0 && seat == t.seats.length) isOpen = true;
        uint256 held = lockOf[task][key];
        bool calm = _isCalm();
        bytes memory data = abi.encodeCall(ITaskBoard.release, (_id(task), _keys[key].account));
        (bool success, bytes memory answer) = _act(sender, address(board), data);
        if (success && !isOpen) _break(12, "a lock was released too early");
        if (!success && isOpen && held != 0 && calm) _refused(12, "a lock was kept", answer);
        if (!success) return;
        if (held == 0) _break(4, "a lock was released twice");
        if (seat < t.seats.length) _settle(task, seat);
        _unlocked(task, key);
        _did("release");
    }

    /// @dev What the convictions of others add for a member that is convicted of such a thing itself.
    function _settle(uint256 task, uint256 seat) private {
        Task storage t = _tasks[task];
        Seat storage s = t.seats[seat];
        if (!s.correlated) return;
        uint256 others = 0;
        for (uint256 i = 0; i < t.seats.length; ++i) if (i != seat && t.seats[i].correlated) ++others;
        uint256 percent = (5 * (t.seats.length + 3 * others)) / t.seats.length;
        if (percent <= s.percent) return;
        uint256 due = _ceil(t.stake * percent) - takenOf[task][s.key];
        _take(task, s.key, due);
        burnt += due;
        _did("correlated penalty");
    }

    function _withdrawCredit(address account) internal {
        bool calm = _isCalm();
        uint256 expected = creditOf[account];
        bytes memory data = abi.encodeCall(INodeRegistry.withdrawCredit, ());
        (bool success, bytes memory answer) = _ask(account, address(registry), data);
        if (!success && expected != 0 && calm) _refused(8, "a credit was kept", answer);
        if (!success) return;
        if (abi.decode(answer, (uint256)) != expected) _break(14, "another credit was paid");
        creditOf[account] = 0;
        creditsPaid += expected;
        _did("withdrawCredit");
    }

    /// @dev Whoever calls `collect`, what is the line's goes to its budget.
    function _askFor(address account, uint256 task) private returns (bool success, bytes memory answer) {
        if (account != address(line))
            return _ask(account, address(board), abi.encodeCall(ITaskBoard.claim, (_id(task))));
        bool calm = _isCalm();
        uint256 before = token.balanceOf(account);
        bytes memory data = abi.encodeCall(ITaskLine.collect, (_id(task)));
        (success, answer) = _act(_clients[_pick(_clients.length)], account, data);
        if (!success) return (success, answer);
        uint256 amount = abi.decode(answer, (uint256));
        budget += amount;
        if (calm) _requirePaid(account, before, amount);
        _did("collect");
    }

    /// @dev Asks for what is an account's: the amount that is answered goes where the account is paid.
    function _ask(
        address account,
        address target,
        bytes memory data
    ) private returns (bool success, bytes memory answer) {
        bool calm = _isCalm();
        uint256 before = token.balanceOf(_payoutOf(account));
        (success, answer) = _act(_walletOf(account), target, data);
        if (success && calm) _requirePaid(_payoutOf(account), before, abi.decode(answer, (uint256)));
    }

    /// @dev For whom somebody acts. A reporter without an account may have become the wallet of one since.
    function _accountOf(address person) private view returns (address) {
        for (uint256 i = 0; i < _operators.length; ++i) {
            if (_operators[i].wallet == person) return _operators[i].account;
        }
        return person;
    }

    /// @dev Who acts for an account: the wallet of an operator, anybody else itself.
    function _walletOf(address account) private view returns (address) {
        for (uint256 i = 0; i < _operators.length; ++i) {
            if (_operators[i].account == account) return _operators[i].wallet;
        }
        return account;
    }

    /// @dev Where an account is paid.
    function _payoutOf(address account) private view returns (address) {
        for (uint256 i = 0; i < _operators.length; ++i) {
            if (_operators[i].account == account && _operators[i].payout != address(0))
                return _operators[i].payout;
        }
        return _walletOf(account);
    }

    function _seatOf(Task storage t, uint256 key) internal view returns (uint256 seat) {
        while (seat < t.seats.length && t.seats[seat].key != key) ++seat;
    }

    function _hasConvict(Task storage t) private view returns (bool) {
        for (uint256 i = 0; i < t.seats.length; ++i) if (t.seats[i].convicted) return true;
        return false;
    }
}
