// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {WrongAmountReceived} from "../interfaces/Errors.sol";

/// @title Moves tokens and refuses any that do not arrive in full
/// @dev The only use of a balance: it is never read as an amount that somebody owns, so donations change nothing.
library ExactTransfer {
    using SafeERC20 for IERC20;

    function pull(IERC20 token, address from, uint256 amount) internal {
        uint256 before = token.balanceOf(address(this));
        token.safeTransferFrom(from, address(this), amount);
        _check(before, token.balanceOf(address(this)), amount);
    }

    /// @dev A token may take from the receiver: then nothing was received, and that is not exact even if nothing was due.
    function _check(uint256 before, uint256 held, uint256 amount) private pure {
        uint256 received = held < before ? 0 : held - before;
        if (held < before || received != amount) revert WrongAmountReceived(received, amount);
    }
}
