// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {NotAllowed, OutOfBounds} from "../interfaces/Errors.sol";
import {INodeRegistry} from "../interfaces/INodeRegistry.sol";
import {ReentrancyGuard} from "../libraries/ReentrancyGuard.sol";

/// @title What the registry keeps, and who may change it
abstract contract RegistryState is INodeRegistry, ReentrancyGuard {
    /// @dev One slot. `status` is never Jailed: that follows from the account.
    struct Key {
        address owner;
        KeyStatus status;
        uint40 inactiveBlock;
        uint40 inactiveTime;
    }

    /// @dev Who acts for an account and who is paid. `payout` 0: the wallet. `offer` 0: nobody.
    struct Holder {
        address wallet;
        address payout;
        address offer;
    }

    /// @dev One slot. `byKey`: the key signed up by itself, so the lock counts against its allowance.
    struct Lock {
        uint128 amount;
        bool byKey;
    }

    uint256 private constant UNBONDING_MAX = type(uint32).max;

    IERC20 internal immutable _TOKEN;
    /// @inheritdoc INodeRegistry
    address public immutable override board;
    /// @inheritdoc INodeRegistry
    uint64 public immutable override unbondingBlocks;
    /// @inheritdoc INodeRegistry
    uint64 public immutable override unbondingSeconds;
    /// @inheritdoc INodeRegistry
    uint128 public immutable override bounty;

    /// @inheritdoc INodeRegistry
    uint256 public override burnt;
    /// @inheritdoc INodeRegistry
    mapping(address account => uint256 amount) public override creditOf;

    mapping(address key => Key) internal _keys;
    mapping(address operator => Account) internal _accounts;
    mapping(address operator => Holder) internal _holders;
    /// @dev The one account of which an address is or was the wallet. Written once, so that nobody has two.
    mapping(address wallet => address operator) internal _accountsOf;
    mapping(address operator => mapping(uint64 number => Tranche)) internal _tranches;
    mapping(uint256 taskId => mapping(address key => Lock)) internal _locks;
    mapping(address key => Allowance) internal _allowances;

    modifier onlyBoard() {
        if (msg.sender != board) revert NotAllowed(msg.sender, board);
        _;
    }

    /// @param token_ the stake token, for ever
    /// @param board_ where the task board is going to be; it refuses to be built elsewhere
    /// @param unbondingBlocks_ blocks that stake takes to leave at least
    /// @param unbondingSeconds_ seconds that it takes at least
    /// @param bounty_ most that a proof is worth to its reporter, token wei
    constructor(
        IERC20 token_,
        address board_,
        uint64 unbondingBlocks_,
        uint64 unbondingSeconds_,
        uint128 bounty_
    ) {
        if (unbondingBlocks_ > UNBONDING_MAX) {
            revert OutOfBounds("unbondingBlocks", unbondingBlocks_, 0, UNBONDING_MAX);
        }
        if (unbondingSeconds_ > UNBONDING_MAX) {
            revert OutOfBounds("unbondingSeconds", unbondingSeconds_, 0, UNBONDING_MAX);
        }
        _TOKEN = token_;
        board = board_;
        unbondingBlocks = unbondingBlocks_;
        unbondingSeconds = unbondingSeconds_;
        bounty = bounty_;
    }

    /// @inheritdoc INodeRegistry
    function token() external view override returns (address) {
        return address(_TOKEN);
    }

    /// @inheritdoc INodeRegistry
    function account(address operator) external view override returns (Account memory) {
        return _accounts[operator];
    }

    /// @inheritdoc INodeRegistry
    function walletOf(address operator) external view override returns (address) {
        return _holders[operator].wallet;
    }

    /// @inheritdoc INodeRegistry
    function accountOf(address wallet) public view override returns (address operator) {
        operator = _accountsOf[wallet];
        if (_holders[operator].wallet != wallet) operator = address(0);
    }

    /// @inheritdoc INodeRegistry
    function payoutOf(address operator) public view override returns (address payout) {
        Holder storage h = _holders[operator];
        payout = h.payout;
        if (payout == address(0)) payout = h.wallet;
    }

    /// @dev The account whose wallet the caller is.
    function _requireAccount() internal view returns (address operator) {
        operator = accountOf(msg.sender);
        if (operator == address(0)) revert NoAccount(msg.sender);
    }

    function _requireWalletOf(address operator) internal view {
        address wallet = _holders[operator].wallet;
        if (msg.sender != wallet) revert NotAllowed(msg.sender, wallet);
    }

    /// @dev Neither a wallet, now or before, nor a signing key.
    function _requireUnused(address wallet) internal view {
        address operator = _accountsOf[wallet];
        if (operator != address(0)) revert WalletTaken(wallet, operator);
        if (_keys[wallet].owner != address(0)) revert KeyIsOperator(wallet);
    }
}
