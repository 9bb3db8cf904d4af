// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {OutOfBounds} from "./interfaces/Errors.sol";
import {IBundleStore} from "./interfaces/IBundleStore.sol";
import {DataContract} from "./libraries/DataContract.sol";

/// @title BundleStore
/// @notice See IBundleStore, which is the specification.
contract BundleStore is IBundleStore {
    using DataContract for address;

    uint256 private constant PARTS_MAX = 4;

    mapping(bytes32 id => address[] parts) private _parts;
    mapping(bytes32 id => mapping(address author => bool)) private _authors;

    /// @inheritdoc IBundleStore
    function publish(bytes calldata bundle) external override returns (address pointer) {
        if (bundle.length == 0 || bundle.length > DataContract.BYTES_MAX) {
            revert OutOfBounds("bundle", bundle.length, 1, DataContract.BYTES_MAX);
        }
        bytes32 id = keccak256(bundle);
        if (_parts[id].length == 0) {
            pointer = DataContract.create(bundle);
            if (pointer == address(0)) revert NotStored();
            _parts[id].push(pointer);
        } else {
            pointer = _parts[id][0];
        }
        _addAuthor(id);
    }

    /// @inheritdoc IBundleStore
    function publishParts(bytes32[] calldata parts) external override returns (bytes32 id) {
        if (parts.length < 2 || parts.length > PARTS_MAX) {
            revert OutOfBounds("parts", parts.length, 2, PARTS_MAX);
        }
        address[] memory pointers = new address[](parts.length);
        for (uint256 i = 0; i < parts.length; ++i) {
            pointers[i] = _part(parts[i], i + 1 == parts.length);
        }
        id = keccak256(DataContract.join(pointers));
        if (_parts[id].length == 0) _parts[id] = pointers;
        _addAuthor(id);
    }

    /// @inheritdoc IBundleStore
    function partsOf(bytes32 id) external view override returns (address[] memory) {
        return _parts[id];
    }

    /// @inheritdoc IBundleStore
    function read(bytes32 id) external view override returns (bytes memory) {
        return DataContract.join(_parts[id]);
    }

    /// @inheritdoc IBundleStore
    function isAuthor(bytes32 id, address author) external view override returns (bool) {
        return _authors[id][author];
    }

    /// @dev The data contract of a bundle that can be a part of another.
    function _part(bytes32 id, bool isLast) private view returns (address pointer) {
        address[] storage own = _parts[id];
        uint256 length = own.length == 1 ? own[0].lengthOf() : 0;
        if (length == 0 || (!isLast && length < DataContract.BYTES_MAX)) {
            revert NotAPart(id, length, DataContract.BYTES_MAX);
        }
        return own[0];
    }

    function _addAuthor(bytes32 id) private {
        if (_authors[id][msg.sender]) revert AlreadyPublished(id, msg.sender);
        _authors[id][msg.sender] = true;
        emit Published(id, msg.sender, _parts[id]);
    }
}
