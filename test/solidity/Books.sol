// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {INodeRegistry} from "../../contracts/interfaces/INodeRegistry.sol";
import {Ghost} from "./Ghost.sol";
import {Handler} from "./Handler.t.sol";
import {vm} from "./Vm.sol";

/// @title Sums over everybody, and the end of every story
abstract contract Books {
    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    /// @notice An invariant does not hold.
    error Broken(uint256 invariant, string what);

    uint256 private constant INVARIANTS = 21;

    Handler internal _h;

    function setUp() external {
        _deploy();
    }

    /// @notice After each run: everybody can still leave, each of them alone, and then all of them.
    function afterInvariant() public virtual {
        address[] memory people = _h.people();
        for (uint256 i = 0; i < people.length; ++i) {
            uint256 before = vm.snapshotState();
            _h.exit(people[i]);
            _requireGone(people[i], 18);
            vm.revertToState(before);
        }
        for (uint256 i = 0; i < people.length; ++i) _h.exit(people[i]);
        for (uint256 i = 0; i < people.length; ++i) _requireGone(people[i], 8);
        _requireDepositsReturned();
        _requireTasksEmpty();
        for (uint256 i = 1; i <= INVARIANTS; ++i) _unbroken(i);
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_h);
    }

    function targetSelectors() external view returns (FuzzSelector[] memory targets) {
        targets = new FuzzSelector[](1);
        targets[0] = FuzzSelector(address(_h), _deeds());
    }

    function _deploy() internal {
        _h = new Handler();
    }

    /// @dev What the fuzzer calls; what a story needs most often comes twice.
    function _deeds() internal view returns (bytes4[] memory all) {
        bytes4[44] memory deeds = [
            _h.addStake.selector,
            _h.unbond.selector,
            _h.withdraw.selector,
            _h.withdraw.selector,
            _h.register.selector,
            _h.rotate.selector,
            _h.freeze.selector,
            _h.setAllowance.selector,
            _h.setPayout.selector,
            _h.offer.selector,
            _h.accept.selector,
            _h.accept.selector,
            _h.haunt.selector,
            _h.publish.selector,
            _h.publishWild.selector,
            _h.signUp.selector,
            _h.signUp.selector,
            _h.quit.selector,
            _h.jumpToSeed.selector,
            _h.jumpToSeed.selector,
            _h.form.selector,
            _h.form.selector,
            _h.postEvent.selector,
            _h.revoke.selector,
            _h.checkpoint.selector,
            _h.checkpoint.selector,
            _h.advance.selector,
            _h.advance.selector,
            _h.advance.selector,
            _h.advance.selector,
            _h.finalize.selector,
            _h.accuse.selector,
            _h.repeat.selector,
            _h.frame.selector,
            _h.claim.selector,
            _h.release.selector,
            _h.withdrawCredit.selector,
            _h.jump.selector,
            _h.donate.selector,
            _h.fund.selector,
            _h.renew.selector,
            _h.renew.selector,
            _h.announce.selector,
            _h.closeLine.selector
        ];
        all = new bytes4[](deeds.length);
        for (uint256 i = 0; i < deeds.length; ++i) all[i] = deeds[i];
    }

    /// @dev All stake by the registry's books, and by what came in and went out.
    function _stake() internal view returns (uint256 staked, uint256 flow) {
        Ghost.Operator[] memory operators = _h.operators();
        for (uint256 i = 0; i < operators.length; ++i) {
            staked += _stakeOf(operators[i].account);
            flow += operators[i].deposited - operators[i].withdrawn - operators[i].slashed;
        }
    }

    function _stakeOf(address operator) internal view returns (uint256) {
        INodeRegistry.Account memory a = _h.registry().account(operator);
        return uint256(a.free) + a.locked + a.unbonding;
    }

    /// @dev What the board owes: the rest of every escrow.
    function _escrows() internal view returns (uint256 sum) {
        for (uint256 i = 0; i < _h.taskCount(); ++i) sum += _left(_h.taskAt(i));
    }

    function _left(Ghost.Task memory t) internal pure returns (uint256) {
        return t.escrow - t.paid - t.burnt;
    }

    function _credits() internal view returns (uint256 sum) {
        address[] memory people = _h.people();
        for (uint256 i = 0; i < people.length; ++i) sum += _h.registry().creditOf(people[i]);
    }

    function _unbroken(uint256 invariant) internal view {
        string memory what = _h.broken(invariant);
        if (bytes(what).length != 0) revert Broken(invariant, what);
    }

    function _require(bool holds, uint256 invariant, string memory what) internal pure {
        if (!holds) revert Broken(invariant, what);
    }

    function _requireGone(address account, uint256 invariant) private view {
        for (uint256 i = 1; i <= INVARIANTS; ++i) _unbroken(i);
        _require(_stakeOf(account) == 0, invariant, "stake that its owner cannot take");
        _require(_h.registry().creditOf(account) == 0, invariant, "a credit that its owner cannot take");
        for (uint256 task = 0; task < _h.taskCount(); ++task) {
            _require(_h.owed(task, account) == 0, invariant, "money of a task that its owner cannot take");
        }
    }

    function _requireDepositsReturned() private view {
        Ghost.Operator[] memory operators = _h.operators();
        for (uint256 i = 0; i < operators.length; ++i) {
            Ghost.Operator memory o = operators[i];
            _require(o.withdrawn == o.deposited - o.slashed, 15, "what an operator got back");
        }
    }

    function _requireTasksEmpty() private view {
        for (uint256 i = 0; i < _h.taskCount(); ++i) {
            _require(_left(_h.taskAt(i)) == 0, 8, "something of an escrow is left");
        }
        uint256 balance = _h.token().balanceOf(address(_h.board())) - _h.donatedToBoard();
        _require(balance == _h.burntPay(), 8, "the board holds more than what is burnt");
        _require(_h.budget() == 0, 21, "the owner of the line cannot take what is left");
        balance = _h.token().balanceOf(address(_h.registry())) - _h.donatedToRegistry();
        _require(balance == _h.burnt(), 8, "the registry holds more than what was burnt");
    }
}
