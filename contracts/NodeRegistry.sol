// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Accounts} from "./registry/Accounts.sol";
import {Keys} from "./registry/Keys.sol";
import {RegistryState} from "./registry/RegistryState.sol";
import {OutOfBounds, TooEarly} from "./interfaces/Errors.sol";
import {INodeRegistry} from "./interfaces/INodeRegistry.sol";
import {ExactTransfer} from "./libraries/ExactTransfer.sol";
import {Moment, Moments} from "./libraries/Moments.sol";

/// @title NodeRegistry
/// @notice See INodeRegistry, which is the specification.
/// @dev Here is the stake; accounts and keys are inherited.
contract NodeRegistry is Accounts, Keys {
    using SafeERC20 for IERC20;
    using ExactTransfer for IERC20;
    using Moments for Moment;

    /// @dev A reporter is credited at most a tenth of what its proof takes.
    uint128 private constant REPORTER_PART = 10;

    /// @dev The token, the board, the unbonding time and the bounty, all for ever; see RegistryState.
    constructor(
        IERC20 token_,
        address board_,
        uint64 unbondingBlocks_,
        uint64 unbondingSeconds_,
        uint128 bounty_
    ) RegistryState(token_, board_, unbondingBlocks_, unbondingSeconds_, bounty_) {}

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
    function trancheOf(address operator, uint64 tranche) external view override returns (Tranche memory) {
        return _tranches[operator][tranche];
    }

    /// @inheritdoc INodeRegistry
    function lockOf(uint256 taskId, address key) external view override returns (uint128) {
        return _locks[taskId][key].amount;
    }

    function _addStake(address operator, uint128 amount) private {
        _accounts[operator].free += amount;
        emit StakeAdded(operator, amount);
        _TOKEN.pull(msg.sender, amount);
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
