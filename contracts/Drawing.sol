// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IDrawing} from "./interfaces/IDrawing.sol";
import {INodeRegistry} from "./interfaces/INodeRegistry.sol";
import {ITaskBoard} from "./interfaces/ITaskBoard.sol";
import {Beacon} from "./libraries/Beacon.sol";
import {BlockHashes} from "./libraries/BlockHashes.sol";
import {Draw} from "./libraries/Draw.sol";

/// @title Drawing
/// @notice See IDrawing, which is the specification.
contract Drawing is IDrawing {
    using Beacon for bytes;

    INodeRegistry private immutable _REGISTRY;
    /// @inheritdoc IDrawing
    uint256 public immutable override formWindow;

    constructor(INodeRegistry registry_) {
        _REGISTRY = registry_;
        formWindow = BlockHashes.served();
    }

    /// @inheritdoc IDrawing
    function draw(
        Terms calldata terms,
        address[] calldata signups,
        bytes calldata header,
        bytes calldata parent
    ) external view override returns (bytes32 seed, address[] memory keys, address[] memory operators) {
        seed = keccak256(abi.encode(header.mixHashSince(parent, terms.seedAt), terms.taskId));
        address[] memory owners = _REGISTRY.ownersActiveAt(signups, terms.signedUp);
        (uint256[] memory seats, uint256 fillable) = Draw.draw(seed, owners, terms.minNodes, terms.maxNodes);
        if (seats.length == 0) revert ITaskBoard.TooFewMembers(fillable, terms.minNodes);
        keys = new address[](seats.length);
        operators = new address[](seats.length);
        for (uint256 i = 0; i < seats.length; ++i) {
            (keys[i], operators[i]) = (signups[seats[i]], owners[seats[i]]);
        }
    }

    /// @inheritdoc IDrawing
    function registry() external view override returns (address) {
        return address(_REGISTRY);
    }
}
