// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {RegistryState} from "./RegistryState.sol";
import {OutOfBounds} from "../interfaces/Errors.sol";
import {INodeRegistry} from "../interfaces/INodeRegistry.sol";
import {Digests} from "../libraries/Digests.sol";
import {Domain} from "../libraries/Domain.sol";
import {Moment} from "../libraries/Moments.sol";
import {Signature} from "../libraries/Signature.sol";

/// @title Signing keys: whose they are, whether they may sign up, and what they may lock
abstract contract Keys is RegistryState {
    uint256 private constant PUBLIC_KEY_BYTES = 64;
    uint256 private constant MULTIADDRS_MAX = 4;
    uint256 private constant MULTIADDR_BYTES_MAX = 256;
    uint256 internal constant ONLY_ACTIVE = 1 << uint8(KeyStatus.Active);
    uint256 private constant ALL_STATUSES = (1 << (uint8(type(KeyStatus).max) + 1)) - 1;

    /// @inheritdoc INodeRegistry
    function setAllowance(address key, uint128 perTask, uint128 total) external override {
        address operator = _keys[key].owner;
        _requireWalletOf(operator);
        _allow(operator, key, perTask, total);
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
    function allowanceOf(address key) external view override returns (Allowance memory) {
        return _allowances[key];
    }

    /// @inheritdoc INodeRegistry
    function domainSeparator() public view override returns (bytes32) {
        return Domain.plain(block.chainid, address(this));
    }

    /// @dev The key belongs to the operator, for ever, if the key agreed.
    function _addKey(
        address operator,
        bytes calldata publicKey,
        bytes calldata signature
    ) internal returns (address key) {
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

    function _allow(address operator, address key, uint128 perTask, uint128 total) internal {
        if (perTask > total) revert OutOfBounds("perTask", perTask, 0, total);
        Allowance storage a = _allowances[key];
        (a.perTask, a.total) = (perTask, total);
        emit AllowanceSet(operator, key, perTask, total);
    }

    function _useAllowance(address key, uint128 amount) internal {
        Allowance storage a = _allowances[key];
        uint128 left = a.total < a.running ? 0 : a.total - a.running;
        if (amount > a.perTask || amount > left) revert AllowanceExceeded(key, amount, a.perTask, left);
        a.running += amount;
    }

    /// @dev What is lost cannot be locked again: the total shrinks with the lock, to 0 at least.
    function _consumeAllowance(address key, uint128 amount) internal {
        Allowance storage a = _allowances[key];
        a.running -= amount;
        a.total = a.total < amount ? 0 : a.total - amount;
    }

    function _announce(address key, bytes[] calldata multiaddrs) internal {
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

    function _ownerOf(address key) internal view returns (address owner, KeyStatus status) {
        Key storage k = _keys[key];
        (owner, status) = (k.owner, k.status);
        if (status != KeyStatus.Active) return (owner, status);
        Account storage a = _accounts[owner];
        if (block.number <= a.jailedUntil || block.timestamp < a.jailedUntilTime) status = KeyStatus.Jailed;
    }

    function _noteInactive(Key storage k) private {
        if (k.inactiveBlock != 0) return;
        (k.inactiveBlock, k.inactiveTime) = (uint40(block.number), uint40(block.timestamp));
    }
}
