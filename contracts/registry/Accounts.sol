// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {RegistryState} from "./RegistryState.sol";
import {NotAllowed} from "../interfaces/Errors.sol";
import {INodeRegistry} from "../interfaces/INodeRegistry.sol";

/// @title Who acts for an operator, where it is paid, and what its proofs were credited
abstract contract Accounts is RegistryState {
    using SafeERC20 for IERC20;

    /// @inheritdoc INodeRegistry
    function setPayout(address payout) external override {
        address operator = _requireAccount();
        _holders[operator].payout = payout;
        emit PayoutSet(operator, payout);
    }

    /// @inheritdoc INodeRegistry
    function offerAccount(address newWallet) external override {
        address operator = _requireAccount();
        if (newWallet != address(0)) _requireUnused(newWallet);
        _holders[operator].offer = newWallet;
        emit AccountOffered(operator, newWallet);
    }

    /// @inheritdoc INodeRegistry
    function acceptAccount(address operator) external override nonReentrant {
        Holder storage h = _holders[operator];
        if (msg.sender != h.offer) revert NotAllowed(msg.sender, h.offer);
        _requireUnused(msg.sender);

        (h.wallet, h.offer) = (msg.sender, address(0));
        _accountsOf[msg.sender] = operator;
        creditOf[operator] += creditOf[msg.sender];
        creditOf[msg.sender] = 0;
        emit WalletSet(operator, msg.sender);
    }

    /// @inheritdoc INodeRegistry
    function withdrawCredit() external override nonReentrant returns (uint256 amount) {
        address creditor = _creditedFor(msg.sender);
        address to = msg.sender;
        if (_holders[creditor].wallet != address(0)) {
            _requireWalletOf(creditor);
            to = payoutOf(creditor);
        }
        amount = creditOf[creditor];
        if (amount == 0) revert NoCredit(creditor);
        creditOf[creditor] = 0;
        emit CreditWithdrawn(creditor, to, amount);
        _TOKEN.safeTransfer(to, amount);
    }

    /// @inheritdoc INodeRegistry
    function offerOf(address operator) external view override returns (address) {
        return _holders[operator].offer;
    }

    /// @dev The caller's account. An address that never had one opens the account of its own number.
    function _openOrFind() internal returns (address operator) {
        if (_accountsOf[msg.sender] != address(0)) return _requireAccount();
        operator = msg.sender;
        _requireUnused(operator);
        _accountsOf[operator] = operator;
        _holders[operator].wallet = operator;
        emit WalletSet(operator, operator);
    }

    /// @dev Where the credits of an address are booked: its account, or itself if it is no account's wallet.
    function _creditedFor(address reporter) internal view returns (address creditor) {
        creditor = accountOf(reporter);
        if (creditor == address(0)) creditor = reporter;
    }
}
