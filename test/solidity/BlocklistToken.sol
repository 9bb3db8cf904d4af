// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @title A token whose issuer can shut an account out
contract BlocklistToken is ERC20 {
    mapping(address account => bool shut) public isShut;

    error Shut(address account);

    constructor() ERC20("Blocklist", "SHUT") {}

    function faucet(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function shut(address account, bool isShut_) external {
        isShut[account] = isShut_;
    }

    function _update(address from, address to, uint256 amount) internal override {
        if (isShut[from]) revert Shut(from);
        if (isShut[to]) revert Shut(to);
        super._update(from, to, amount);
    }
}
