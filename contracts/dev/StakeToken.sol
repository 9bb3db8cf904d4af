// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";

/// @title StakeToken
/// @notice Money for local chains: anybody can mint any amount. Cannot be deployed elsewhere.
contract StakeToken is ERC20, ERC20Permit {
    uint256 private constant HARDHAT = 31337;
    uint256 private constant GANACHE = 1337;

    /// @notice This chain is not a local one.
    error LocalChainsOnly(uint256 chainId);

    constructor() ERC20("RSDP Stake", "RSDP") ERC20Permit("RSDP Stake") {
        if (block.chainid != HARDHAT && block.chainid != GANACHE) revert LocalChainsOnly(block.chainid);
    }

    /// @notice Mints `amount` wei of the token to `to`.
    function faucet(address to, uint256 amount) external {
        _mint(to, amount);
    }
}
