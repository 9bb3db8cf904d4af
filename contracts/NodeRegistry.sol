// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {NotAllowed, OutOfBounds, TooEarly} from "./interfaces/Errors.sol";
import {INodeRegistry} from "./interfaces/INodeRegistry.sol";
import {Digests} from "./libraries/Digests.sol";
import {Domain} from "./libraries/Domain.sol";
import {ExactTransfer} from "./libraries/ExactTransfer.sol";
import {Moment, Moments} from "./libraries/Moments.sol";
import {ReentrancyGuard} from "./libraries/ReentrancyGuard.sol";
import {Signature} from "./libraries/Signature.sol";

/// @title NodeRegistry
/// @notice See INodeRegistry, which is the specification.
/// @dev One long file: stake, keys, who acts for them and who is paid are checked against one another in most calls.
contract NodeRegistry is INodeRegistry, ReentrancyGuard {
    using SafeERC20 for IERC20;
    using ExactTransfer for IERC20;
    using Moments for Moment;

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

    uint256 private constant PUBLIC_KEY_BYTES = 64;
    uint256 private constant MULTIADDRS_MAX = 4;
    uint256 private constant MULTIADDR_BYTES_MAX = 256;
    uint256 private constant UNBONDING_MAX = type(uint32).max;
    uint256 private constant ONLY_ACTIVE = 1 << uint8(KeyStatus.Active);
    uint256 private constant ALL_STATUSES = (1 << (uint8(type(KeyStatus).max) + 1)) - 1;
    /// @dev A reporter is credited at most a tenth of what its proof takes.
    uint128 private constant REPORTER_PART = 10;

    IERC20 private immutable _TOKEN;
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

    mapping(address key => Key) private _keys;
    mapping(address operator => Account) private _accounts;
    mapping(address operator => Holder) private _holders;
    /// @dev The one account of which an address is or was the wallet. Written once, so that nobody has two.
    mapping(address wallet => address operator) private _accountsOf;
    mapping(address operator => mapping(uint64 number => Tranche)) private _tranches;
    mapping(uint256 taskId => mapping(address key => Lock)) private _locks;
    mapping(address key => Allowance) private _allowances;

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
    function register(
        bytes calldata publicKey,
        uint128 stake,
        uint128 perTask,
        uint128 total,
        bytes[] calldata multiaddrs,
        bytes calldata signature
    ) external override nonReentrant {
        address operator = _openOrFind();
        address key = _addKey(operator, publicKey, signature);
        if (total != 0 || perTask != 0) _allow(operator, key, perTask, total);
        _announce(key, multiaddrs);
        if (stake != 0) _addStake(operator, stake);
    }

    /// @inheritdoc INodeRegistry
    function setAllowance(address key, uint128 perTask, uint128 total) external override {
        address operator = _keys[key].owner;
        _requireWalletOf(operator);
        _allow(operator, key, perTask, total);
    }

    /// @inheritdoc INodeRegistry
    function addStake(uint128 amount) external override nonReentrant {
        _requirePositive(amount);
        _addStake(_openOrFind(), amount);
    }

    /// @inheritdoc INodeRegistry
    function requestUnbond(uint128 amount) external override nonReentrant returns (uint64 tranche) {
        _requirePositive(amount);
        address operator = _requireAccount();
        Account storage a = _accounts[operator];
        if (a.free < amount) revert InsufficientFree(operator, a.free, amount);
        tranche = a.tranches;
        Moment memory ends = Moments.current().plus(unbondingBlocks, unbondingSeconds);

        a.free -= amount;
        a.unbonding += amount;
        ++a.tranches;
        _tranches[operator][tranche] = Tranche(amount, ends.number, ends.time);
        emit UnbondRequested(operator, tranche, amount, ends.number, ends.time);
    }

    /// @inheritdoc INodeRegistry
    function withdraw(uint64 tranche) external override nonReentrant {
        address operator = _requireAccount();
        Account storage a = _accounts[operator];
        Tranche storage t = _tranches[operator][tranche];
        uint128 amount = t.amount;
        if (amount == 0) revert NoSuchTranche(operator, tranche, a.tranches);
        Moment memory ends = Moment(t.unbondingEndsAt, t.unbondingEndsTime);
        if (!ends.isReached()) revert TooEarly(block.number, ends.number, block.timestamp, ends.time);

        t.amount = 0;
        a.unbonding -= amount;
        address to = payoutOf(operator);
        emit Withdrawn(operator, to, tranche, amount);
        _TOKEN.safeTransfer(to, amount);
    }

    /// @inheritdoc INodeRegistry
    function rotateKey(
        address key,
        bytes calldata publicKey,
        bytes[] calldata multiaddrs,
        bytes calldata signature
    ) external override {
        Key storage k = _keys[key];
        address operator = k.owner;
        _requireWalletOf(operator);
        if (k.status == KeyStatus.Rotated) {
            uint256 never = (1 << uint8(KeyStatus.Unknown)) | (1 << uint8(KeyStatus.Rotated));
            revert KeyStatusNotAllowed(key, k.status, ALL_STATUSES ^ never);
        }
        k.status = KeyStatus.Rotated;
        _noteInactive(k);
        address newKey = _addKey(operator, publicKey, signature);
        emit KeyRotated(operator, key, newKey);
        _announce(newKey, multiaddrs);
    }

    /// @inheritdoc INodeRegistry
    function updateAddresses(address key, bytes[] calldata multiaddrs) external override {
        address operator = _keys[key].owner;
        if (operator == address(0) || msg.sender != key) _requireWalletOf(operator);
        _announce(key, multiaddrs);
    }

    /// @inheritdoc INodeRegistry
    function freeze(address key) external override {
        Key storage k = _keys[key];
        address operator = k.owner;
        _requireWalletOf(operator);
        if (k.status != KeyStatus.Active) {
            revert KeyStatusNotAllowed(key, k.status, ONLY_ACTIVE | (1 << uint8(KeyStatus.Jailed)));
        }
        k.status = KeyStatus.Frozen;
        _noteInactive(k);
        emit KeyFrozen(operator, key);
    }

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
    function lock(
        uint256 taskId,
        address key,
        uint128 amount,
        bool byKey
    ) external override onlyBoard nonReentrant returns (address operator) {
        KeyStatus status;
        (operator, status) = _ownerOf(key);
        if (status != KeyStatus.Active) revert KeyStatusNotAllowed(key, status, ONLY_ACTIVE);
        uint128 held = _locks[taskId][key].amount;
        if (held != 0) revert AlreadyLocked(taskId, key, held);
        if (byKey) _useAllowance(key, amount);
        Account storage a = _accounts[operator];
        if (a.free < amount) revert InsufficientFree(operator, a.free, amount);

        a.free -= amount;
        a.locked += amount;
        _locks[taskId][key] = Lock(amount, byKey);
        emit StakeLocked(operator, taskId, key, amount);
    }

    /// @inheritdoc INodeRegistry
    function unlock(
        uint256 taskId,
        address key
    ) external override onlyBoard nonReentrant returns (address operator, uint128 amount) {
        Lock storage held = _locks[taskId][key];
        amount = held.amount;
        if (amount == 0) revert NotLocked(taskId, key);
        operator = _keys[key].owner;
        Account storage a = _accounts[operator];

        held.amount = 0;
        if (held.byKey) _allowances[key].running -= amount;
        a.locked -= amount;
        a.free += amount;
        emit StakeUnlocked(operator, taskId, key, amount);
    }

    /// @inheritdoc INodeRegistry
    function slash(
        uint256 taskId,
        address key,
        uint128 amount,
        address reporter
    ) external override onlyBoard nonReentrant returns (uint128 left, uint128 credit) {
        Lock storage held = _locks[taskId][key];
        if (held.amount < amount) revert NotLocked(taskId, key);
        address operator = _keys[key].owner;

        left = held.amount - amount;
        held.amount = left;
        if (held.byKey) _consumeAllowance(key, amount);
        _accounts[operator].locked -= amount;
        if (reporter != address(0)) {
            credit = _reporterPart(amount);
            creditOf[_creditedFor(reporter)] += credit;
        }
        burnt += amount - credit;
        emit StakeSlashed(operator, taskId, key, amount);
    }

    /// @inheritdoc INodeRegistry
    function jail(address key, uint40 untilBlock, uint40 untilTime) external override onlyBoard {
        Key storage k = _keys[key];
        address operator = k.owner;
        if (k.status != KeyStatus.Rotated) k.status = KeyStatus.Convicted;
        _noteInactive(k);
        Account storage a = _accounts[operator];
        (a.jailedUntil, a.jailedUntilTime) = (untilBlock, untilTime);
        emit Jailed(operator, key, untilBlock, untilTime);
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
    function token() external view override returns (address) {
        return address(_TOKEN);
    }

    /// @inheritdoc INodeRegistry
    function keyOwner(address key) external view override returns (address) {
        return _keys[key].owner;
    }

    /// @inheritdoc INodeRegistry
    function keyStatus(address key) external view override returns (KeyStatus) {
        (, KeyStatus status) = _ownerOf(key);
        return status;
    }

    /// @inheritdoc INodeRegistry
    function inactiveSince(address key) external view override returns (Moment memory) {
        return Moment(_keys[key].inactiveBlock, _keys[key].inactiveTime);
    }

    /// @inheritdoc INodeRegistry
    function ownersActiveAt(
        address[] calldata keys,
        Moment calldata end
    ) external view override returns (address[] memory owners) {
        owners = new address[](keys.length);
        for (uint256 i = 0; i < keys.length; ++i) {
            Key memory k = _keys[keys[i]];
            bool wasActive = k.inactiveBlock >= end.number && k.inactiveTime >= end.time;
            if (k.inactiveBlock == 0 || wasActive) owners[i] = k.owner;
        }
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
    function offerOf(address operator) external view override returns (address) {
        return _holders[operator].offer;
    }

    /// @inheritdoc INodeRegistry
    function trancheOf(address operator, uint64 tranche) external view override returns (Tranche memory) {
        return _tranches[operator][tranche];
    }

    /// @inheritdoc INodeRegistry
    function lockOf(uint256 taskId, address key) external view override returns (uint128) {
        return _locks[taskId][key].amount;
    }

    /// @inheritdoc INodeRegistry
    function allowanceOf(address key) external view override returns (Allowance memory) {
        return _allowances[key];
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

    /// @inheritdoc INodeRegistry
    function domainSeparator() public view override returns (bytes32) {
        return Domain.plain(block.chainid, address(this));
    }

    /// @dev The caller's account. An address that never had one opens the account of its own number.
    function _openOrFind() private returns (address operator) {
        if (_accountsOf[msg.sender] != address(0)) return _requireAccount();
        operator = msg.sender;
        _requireUnused(operator);
        _accountsOf[operator] = operator;
        _holders[operator].wallet = operator;
        emit WalletSet(operator, operator);
    }

    /// @dev The key belongs to the operator, for ever, if the key agreed.
    function _addKey(
        address operator,
        bytes calldata publicKey,
        bytes calldata signature
    ) private returns (address key) {
        if (publicKey.length != PUBLIC_KEY_BYTES) {
            revert PublicKeyLength(publicKey.length, PUBLIC_KEY_BYTES);
        }
        key = address(uint160(uint256(keccak256(publicKey))));
        if (_accountsOf[key] != address(0)) revert KeyIsOperator(key);
        address owner = _keys[key].owner;
        if (owner != address(0)) revert KeyTaken(key, owner);
        bytes32 digest = Domain.digest(domainSeparator(), Digests.register(operator, key));
        address signer = Signature.signer(digest, signature);
        if (signer == address(0) || signer != key) revert NotTheKey(signer, key);

        _keys[key] = Key(operator, KeyStatus.Active, 0, 0);
        emit KeyRegistered(operator, key, publicKey);
    }

    function _allow(address operator, address key, uint128 perTask, uint128 total) private {
        if (perTask > total) revert OutOfBounds("perTask", perTask, 0, total);
        Allowance storage a = _allowances[key];
        (a.perTask, a.total) = (perTask, total);
        emit AllowanceSet(operator, key, perTask, total);
    }

    function _useAllowance(address key, uint128 amount) private {
        Allowance storage a = _allowances[key];
        uint128 left = a.total < a.running ? 0 : a.total - a.running;
        if (amount > a.perTask || amount > left) revert AllowanceExceeded(key, amount, a.perTask, left);
        a.running += amount;
    }

    /// @dev What is lost cannot be locked again: the total shrinks with the lock, to 0 at least.
    function _consumeAllowance(address key, uint128 amount) private {
        Allowance storage a = _allowances[key];
        a.running -= amount;
        a.total = a.total < amount ? 0 : a.total - amount;
    }

    function _announce(address key, bytes[] calldata multiaddrs) private {
        if (multiaddrs.length > MULTIADDRS_MAX) {
            revert OutOfBounds("multiaddrs", multiaddrs.length, 0, MULTIADDRS_MAX);
        }
        for (uint256 i = 0; i < multiaddrs.length; ++i) {
            uint256 length = multiaddrs[i].length;
            if (length == 0 || length > MULTIADDR_BYTES_MAX) {
                revert OutOfBounds("multiaddr", length, 1, MULTIADDR_BYTES_MAX);
            }
        }
        emit AddressesUpdated(key, multiaddrs);
    }

    function _addStake(address operator, uint128 amount) private {
        _accounts[operator].free += amount;
        emit StakeAdded(operator, amount);
        _TOKEN.pull(msg.sender, amount);
    }

    function _noteInactive(Key storage k) private {
        if (k.inactiveBlock != 0) return;
        (k.inactiveBlock, k.inactiveTime) = (uint40(block.number), uint40(block.timestamp));
    }

    /// @dev The account whose wallet the caller is.
    function _requireAccount() private view returns (address operator) {
        operator = accountOf(msg.sender);
        if (operator == address(0)) revert NoAccount(msg.sender);
    }

    function _requireWalletOf(address operator) private view {
        address wallet = _holders[operator].wallet;
        if (msg.sender != wallet) revert NotAllowed(msg.sender, wallet);
    }

    /// @dev Neither a wallet, now or before, nor a signing key.
    function _requireUnused(address wallet) private view {
        address operator = _accountsOf[wallet];
        if (operator != address(0)) revert WalletTaken(wallet, operator);
        if (_keys[wallet].owner != address(0)) revert KeyIsOperator(wallet);
    }

    /// @dev Where the credits of an address are booked: its account, or itself if it is no account's wallet.
    function _creditedFor(address reporter) private view returns (address creditor) {
        creditor = accountOf(reporter);
        if (creditor == address(0)) creditor = reporter;
    }

    function _ownerOf(address key) private view returns (address owner, KeyStatus status) {
        Key storage k = _keys[key];
        (owner, status) = (k.owner, k.status);
        if (status != KeyStatus.Active) return (owner, status);
        Account storage a = _accounts[owner];
        if (block.number <= a.jailedUntil || block.timestamp < a.jailedUntilTime) status = KeyStatus.Jailed;
    }

    /// @dev min(⌊amount / 10⌋, bounty)
    function _reporterPart(uint128 amount) private view returns (uint128 part) {
        part = amount / REPORTER_PART;
        if (part > bounty) part = bounty;
    }

    function _requirePositive(uint128 amount) private pure {
        if (amount == 0) revert OutOfBounds("amount", 0, 1, type(uint128).max);
    }
}
