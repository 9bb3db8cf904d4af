// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @title HostileToken
/// @notice For tests: a token that takes a fee, answers false, or calls back in the middle of a transfer.
contract HostileToken is ERC20 {
    /// @notice Taken from every transfer.
    uint256 public fee;
    /// @notice Transfers do nothing and answer false.
    bool public refuses;

    address private _target;
    bytes private _call;

    constructor() ERC20("Hostile", "EVIL") {}

    function faucet(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function confiscate(address from, uint256 amount) external {
        _burn(from, amount);
    }

    function setFee(uint256 fee_) external {
        fee = fee_;
    }

    function setRefuses(bool refuses_) external {
        refuses = refuses_;
    }

    /// @notice Calls `target` with `data` in the next transfer and passes its error on.
    function setCallback(address target, bytes calldata data) external {
        _target = target;
        _call = data;
    }

    function transfer(address to, uint256 amount) public override returns (bool) {
        if (refuses) return false;
        _callBack();
        return super.transfer(to, amount);
    }

    function transferFrom(address from, address to, uint256 amount) public override returns (bool) {
        if (refuses) return false;
        _callBack();
        super.transferFrom(from, to, amount);
        if (fee != 0) _burn(to, fee);
        return true;
    }

    function _callBack() private {
        address target = _target;
        if (target == address(0)) return;
        _target = address(0);
        // being rude is what it is for
        // solhint-disable-next-line avoid-low-level-calls
        (bool success, bytes memory reason) = target.call(_call);
        if (success) return;
        assembly ("memory-safe") {
            revert(add(reason, 32), mload(reason))
        }
    }
}
