// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title A token of the time before answers were agreed on: it reverts or says nothing
contract SilentToken {
    mapping(address account => uint256 amount) public balanceOf;

    function faucet(address to, uint256 amount) external {
        balanceOf[to] += amount;
    }

    function transfer(address to, uint256 amount) external {
        _move(msg.sender, to, amount);
    }

    /// @dev Everybody is allowed: not what is tested.
    function transferFrom(address from, address to, uint256 amount) external {
        _move(from, to, amount);
    }

    function _move(address from, address to, uint256 amount) private {
        balanceOf[from] -= amount;
        balanceOf[to] += amount;
    }
}
