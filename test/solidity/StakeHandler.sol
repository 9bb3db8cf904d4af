// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {INodeRegistry} from "../../contracts/interfaces/INodeRegistry.sol";
import {Digests} from "../../contracts/libraries/Digests.sol";
import {Domain} from "../../contracts/libraries/Domain.sol";
import {Curve} from "./Curve.sol";
import {Ghost} from "./Ghost.sol";
import {vm} from "./Vm.sol";

/// @title Operators, their stake and their keys
abstract contract StakeHandler is Ghost {
    uint256 private constant OPERATORS = 6;
    uint256 private constant LIARS = 3;
    uint256 private constant KEYS = 9;
    uint256 private constant KEYS_MAX = 24;

    /// @dev Public key of secret i + 1.
    bytes[] private _publicKeys;

    constructor() {
        (uint256 x, uint256 y) = (Curve.X, Curve.Y);
        for (uint256 i = 0; i < KEYS_MAX; ++i) {
            _publicKeys.push(abi.encodePacked(x, y));
            (x, y) = Curve.next(x, y);
        }
        for (uint256 i = 0; i < OPERATORS; ++i) {
            Operator storage o = _operators.push();
            o.account = address(uint160(0x09e7a70000 + i));
            o.wallet = o.account;
            o.honest = i >= LIARS;
            vm.prank(o.account);
            token.approve(address(registry), type(uint256).max);
            _deposit(i, 3000);
        }
        for (uint256 i = 0; i < KEYS; ++i) _register(i % OPERATORS);
    }

    function addStake(uint256 seed, uint256 amount) external dice(seed) {
        amount = amount % 1000;
        if (_chance(10)) _upset();
        _deposit(_pick(OPERATORS), amount);
    }

    function unbond(uint256 seed) external dice(seed) {
        uint256 i = _pick(OPERATORS);
        uint256 free = registry.account(_operators[i].account).free;
        // once in a while one more than there is, mostly a small part
        _unbond(i, _chance(10) ? free + 1 : _between(0, free / 4));
    }

    function withdraw(uint256 seed) external dice(seed) {
        uint256 i = _pick(OPERATORS);
        uint256 count = _operators[i].tranches.length;
        if (_chance(10)) _upset();
        _withdraw(i, _pick(count + 1));
    }

    function register(uint256 seed) external dice(seed) {
        if (_keys.length < KEYS_MAX) _register(_pick(OPERATORS));
    }

    function rotate(uint256 seed) external dice(seed) {
        if (_keys.length >= KEYS_MAX) return;
        uint256 old = _pick(_keys.length);
        Operator storage o = _operators[_keys[old].operator];
        bytes memory data = abi.encodeCall(
            INodeRegistry.rotateKey,
            (_keys[old].account, _publicKeys[_keys.length], new bytes[](0), _consent(o.account))
        );
        (bool success, ) = _act(o.wallet, address(registry), data);
        if (!success) return;
        _noteInactive(_keys[old]);
        _addKey(_keys[old].operator);
        _did("rotate");
    }

    /// @notice What a key may lock by itself; sometimes the key asks, or a stranger.
    function setAllowance(uint256 seed) external dice(seed) {
        Key storage k = _keys[_pick(_keys.length)];
        uint256 total = _between(0, 2000);
        uint256 perTask = _between(total / 2, _chance(10) ? total + 1 : total);
        address owner = _operators[k.operator].wallet;
        uint256 who = _pick(10);
        address sender = who == 0 ? k.account : owner;
        if (who == 1) sender = address(this);
        bytes memory data = abi.encodeCall(
            INodeRegistry.setAllowance,
            (k.account, uint128(perTask), uint128(total))
        );
        (bool success, ) = _act(sender, address(registry), data);
        if (success != (sender == owner && perTask <= total)) _break(19, "who allows what");
        if (!success) return;
        _allowed(k, perTask, total);
        _did("setAllowance");
    }

    function freeze(uint256 seed) external dice(seed) {
        if (_pick(4) != 0) return;
        Key storage k = _keys[_pick(_keys.length)];
        bytes memory data = abi.encodeCall(INodeRegistry.freeze, (k.account));
        (bool success, ) = _act(_operators[k.operator].wallet, address(registry), data);
        if (!success) return;
        _noteInactive(k);
        _did("freeze");
    }

    function operators() external view returns (Operator[] memory) {
        return _operators;
    }

    function keys() external view returns (Key[] memory) {
        return _keys;
    }

    function _deposit(uint256 i, uint256 amount) internal {
        Operator storage o = _operators[i];
        bool calm = _isCalm();
        token.faucet(o.wallet, amount);
        bytes memory data = abi.encodeCall(INodeRegistry.addStake, (uint128(amount)));
        (bool success, bytes memory answer) = _act(o.wallet, address(registry), data);
        if (success) o.deposited += amount;
        if (success && amount == 0) _break(1, "nothing was staked");
        if (!success && amount != 0 && calm) _refused(12, "stake was refused", answer);
    }

    function _unbond(uint256 i, uint256 amount) internal {
        Operator storage o = _operators[i];
        uint256 free = registry.account(o.account).free;
        bytes memory data = abi.encodeCall(INodeRegistry.requestUnbond, (uint128(amount)));
        (bool success, ) = _act(o.wallet, address(registry), data);
        if (success != (amount != 0 && amount <= free)) _break(12, "unbonding of free stake");
        if (!success) return;
        o.tranches.push(Tranche(amount, block.number + UNBONDING));
        _did("unbond");
    }

    function _withdraw(uint256 i, uint256 tranche) internal {
        Operator storage o = _operators[i];
        bool calm = _isCalm();
        address payout = o.payout == address(0) ? o.wallet : o.payout;
        uint256 before = token.balanceOf(payout);
        bytes memory data = abi.encodeCall(INodeRegistry.withdraw, (uint64(tranche)));
        (bool success, bytes memory answer) = _act(o.wallet, address(registry), data);
        bool due = tranche < o.tranches.length && o.tranches[tranche].amount != 0;
        due = due && block.number >= o.tranches[tranche].endsAt;
        if (success && !due) _break(13, "withdrawn before the end, or twice");
        if (!success && due && calm) _refused(12, "unbonded stake was kept", answer);
        if (!success) return;
        if (calm) _requirePaid(payout, before, o.tranches[tranche].amount);
        o.withdrawn += o.tranches[tranche].amount;
        o.tranches[tranche].amount = 0;
        _did("withdraw");
    }

    function _register(uint256 operator) private {
        Operator storage o = _operators[operator];
        bytes memory data = abi.encodeCall(
            INodeRegistry.register,
            (_publicKeys[_keys.length], 0, 300, 1500, new bytes[](0), _consent(o.account))
        );
        (bool success, ) = _act(o.wallet, address(registry), data);
        if (!success) return;
        _addKey(operator);
        _allowed(_keys[_keys.length - 1], 300, 1500);
    }

    function _addKey(uint256 operator) private {
        uint256 i = _keys.length;
        _keys.push(Key(i + 1, _accountOf(i), operator, 0, 0, 0, 0, 0, 0));
    }

    function _allowed(Key storage k, uint256 perTask, uint256 total) private {
        (k.perTask, k.total, k.lost) = (perTask, total, 0);
        k.atRisk = total > k.running ? total : k.running;
    }

    /// @dev The next key agrees to belong to an operator.
    function _consent(address owner) private view returns (bytes memory) {
        uint256 i = _keys.length;
        bytes32 hash = Digests.register(owner, _accountOf(i));
        return _sign(i + 1, Domain.digest(registry.domainSeparator(), hash));
    }

    function _accountOf(uint256 i) private view returns (address) {
        return address(uint160(uint256(keccak256(_publicKeys[i]))));
    }

    function _sign(uint256 secret, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(secret, digest);
        return abi.encodePacked(r, s, v);
    }

    /// @dev What leaves goes to the payout address alone.
    function _requirePaid(address payout, uint256 before, uint256 amount) internal {
        if (token.balanceOf(payout) != before + amount) _break(20, "paid to somebody else");
    }

    /// @dev The first of freezing, replacing and conviction counts.
    function _noteInactive(Key storage k) internal {
        if (k.inactiveSince == 0) k.inactiveSince = block.number;
    }
}
