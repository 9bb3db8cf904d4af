// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {INodeRegistry} from "../../contracts/interfaces/INodeRegistry.sol";
import {StakeHandler} from "./StakeHandler.sol";
import {vm} from "./Vm.sol";

/// @title Who acts for an operator, and where it is paid
abstract contract AccountHandler is StakeHandler {
    /// @dev Addresses handed out so far: each new wallet and payout address is one that nobody used.
    uint160 private _used;

    /// @notice Where an operator is paid: elsewhere, or at its wallet again; sometimes a key asks, or a past wallet.
    function setPayout(uint256 seed) external dice(seed) {
        uint256 i = _pick(_operators.length);
        Operator storage o = _operators[i];
        address payout = _chance(30) ? address(0) : _unused();
        address sender = _sender(i);
        (bool success, ) = _act(sender, address(registry), abi.encodeCall(INodeRegistry.setPayout, (payout)));
        if (success != (sender == o.wallet)) _break(20, "who sets a payout address");
        if (!success) return;
        o.payout = payout;
        _did("setPayout");
    }

    /// @notice An offer to a new address, to nobody, or to one that has an account, had one, or is a signing key.
    function offer(uint256 seed) external dice(seed) {
        uint256 i = _pick(_operators.length);
        Operator storage o = _operators[i];
        address to = _unused();
        uint256 kind = _pick(8);
        if (kind == 0) to = address(0);
        if (kind == 1) to = _operators[_pick(_operators.length)].account;
        if (kind == 2) to = _operators[_pick(_operators.length)].wallet;
        if (kind == 3) to = _keys[_pick(_keys.length)].account;
        address sender = _sender(i);
        (bool success, ) = _act(sender, address(registry), abi.encodeCall(INodeRegistry.offerAccount, (to)));
        bool isUsed = kind == 1 || kind == 2 || kind == 3;
        if (success != (sender == o.wallet && !isUsed)) _break(20, "what may be offered, and by whom");
        if (!success) return;
        o.offer = to;
        _did("offer");
    }

    /// @notice By the wallet to which the account is offered, or by anybody else.
    function accept(uint256 seed) external dice(seed) {
        uint256 i = _pick(_operators.length);
        Operator storage o = _operators[i];
        bool isOffered = o.offer != address(0);
        address sender = isOffered && _chance(80) ? o.offer : _sender(i);
        bytes memory data = abi.encodeCall(INodeRegistry.acceptAccount, (o.account));
        (bool success, ) = _act(sender, address(registry), data);
        if (success != (isOffered && sender == o.offer)) _break(20, "who may accept");
        if (!success) return;
        creditOf[o.account] += creditOf[sender];
        creditOf[sender] = 0;
        o.past.push(o.wallet);
        (o.wallet, o.offer) = (sender, address(0));
        vm.prank(sender);
        token.approve(address(registry), type(uint256).max);
        _did("accept");
    }

    /// @notice A past wallet, which acts for nobody.
    function haunt(uint256 seed) external dice(seed) {
        uint256 i = _pick(_operators.length);
        address[] storage past = _operators[i].past;
        if (past.length == 0) return;
        address ghost = past[_pick(past.length)];
        token.faucet(ghost, 1);
        vm.prank(ghost);
        token.approve(address(registry), 1);
        bytes[4] memory calls = [
            abi.encodeCall(INodeRegistry.addStake, (1)),
            abi.encodeCall(INodeRegistry.requestUnbond, (1)),
            abi.encodeCall(INodeRegistry.withdraw, (0)),
            abi.encodeCall(INodeRegistry.acceptAccount, (_operators[_pick(_operators.length)].account))
        ];
        (bool success, ) = _act(ghost, address(registry), calls[_pick(4)]);
        if (success) _break(20, "a past wallet acted");
        _did("haunt");
    }

    function _unused() private returns (address) {
        return address(uint160(0xacc0000000) + ++_used);
    }

    /// @dev Mostly the operator's wallet; else its key, a past wallet, or nobody's.
    function _sender(uint256 i) private returns (address) {
        Operator storage o = _operators[i];
        uint256 who = _pick(12);
        if (who == 0) return address(this);
        if (who == 1 && o.past.length != 0) return o.past[_pick(o.past.length)];
        if (who == 2) {
            for (uint256 key = 0; key < _keys.length; ++key)
                if (_keys[key].operator == i) return _keys[key].account;
        }
        return o.wallet;
    }
}
