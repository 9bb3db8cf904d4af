// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Batch} from "../libraries/Batch.sol";
import {Beacon} from "../libraries/Beacon.sol";
import {BlockHashes} from "../libraries/BlockHashes.sol";
import {BlockHeader} from "../libraries/BlockHeader.sol";
import {Certificate} from "../libraries/Certificate.sol";
import {Digests} from "../libraries/Digests.sol";
import {Domain} from "../libraries/Domain.sol";
import {Draw} from "../libraries/Draw.sol";
import {LogChain} from "../libraries/LogChain.sol";
import {MinHeap} from "../libraries/MinHeap.sol";
import {Moment} from "../libraries/Moments.sol";
import {PhaseTransitions} from "../libraries/PhaseTransitions.sol";
import {Snapshot} from "../libraries/Snapshot.sol";

/// @title DigestsHarness
/// @notice Opens the libraries to tests, which hold them against the vectors that the TypeScript side is tested with.
contract DigestsHarness {
    mapping(uint256 seq => bytes32) private _eventsHashes;

    function salted(uint256 chainId, address contract_, bytes32 salt) external pure returns (bytes32) {
        return Domain.salted(chainId, contract_, salt);
    }

    function plain(uint256 chainId, address contract_) external pure returns (bytes32) {
        return Domain.plain(chainId, contract_);
    }

    function digest(bytes32 separator, bytes32 hashStruct) external pure returns (bytes32) {
        return Domain.digest(separator, hashStruct);
    }

    function hello(Digests.Hello memory h) external pure returns (bytes32) {
        return Digests.hello(h);
    }

    function status(
        bytes32 cluster,
        uint64 height,
        bytes32 parent,
        bytes32 stateHash,
        uint64 eventSeq
    ) external pure returns (bytes32) {
        return Digests.status(cluster, height, parent, stateHash, eventSeq);
    }

    function share(Digests.Share memory s) external pure returns (bytes32) {
        return Digests.share(s);
    }

    function confirm(
        bytes32 cluster,
        uint64 height,
        uint32 round,
        bytes32 decided
    ) external pure returns (bytes32) {
        return Digests.confirm(cluster, height, round, decided);
    }

    function checkpoint(
        bytes32 cluster,
        uint64 height,
        bytes32 root,
        uint64 logSeq,
        bytes32 logHead,
        bytes32 inputsHash
    ) external pure returns (bytes32) {
        return Digests.checkpoint(cluster, height, root, logSeq, logHead, inputsHash);
    }

    function close(bytes32 cluster) external pure returns (bytes32) {
        return Digests.close(cluster);
    }

    function register(address operator, address key) external pure returns (bytes32) {
        return Digests.register(operator, key);
    }

    function inputsRoot(uint256 inputs, bytes32[] memory hashStructs) external pure returns (bytes32) {
        return Digests.inputsRoot(inputs, hashStructs);
    }

    function value(
        bytes32 stateHash,
        bytes32 inputsRoot_,
        uint256 inputs,
        uint64 eventSeq,
        bytes32 eventsHash
    ) external pure returns (bytes32) {
        return Digests.value(stateHash, inputsRoot_, inputs, eventSeq, eventsHash);
    }

    function nextEvents(
        bytes32 eventsHash,
        uint8 kind,
        address originator,
        bytes32 dataHash
    ) external pure returns (bytes32) {
        return Digests.nextEvents(eventsHash, kind, originator, dataHash);
    }

    /// @notice What `fold` looks up.
    function noteEvents(uint256 seq, bytes32 eventsHash) external {
        _eventsHashes[seq] = eventsHash;
    }

    function rootZero(bytes32 cluster) external pure returns (bytes32) {
        return Digests.rootZero(cluster);
    }

    function nextRoot(bytes32 root, bytes32 value_) external pure returns (bytes32) {
        return Digests.nextRoot(root, value_);
    }

    function fold(
        bytes calldata batch,
        uint256 members,
        Batch.Tip memory tip
    ) external view returns (uint256 count, bytes32 newRoot, uint256 newEventSeq) {
        (count, ) = Batch.fold(batch, members, tip, _eventsHashes);
        return (count, tip.root, tip.eventSeq);
    }

    function clusterOf(
        uint256 taskId,
        bytes32 paramsHash,
        bytes32 snapshotHash,
        bytes32 seed
    ) external pure returns (bytes32) {
        return Digests.clusterOf(taskId, paramsHash, snapshotHash, seed);
    }

    function snapshot(
        address[] memory keys,
        address[] memory operators,
        uint16[] memory weights
    ) external pure returns (bytes memory) {
        return Snapshot.encode(keys, operators, weights);
    }

    function headZero(bytes32 cluster, uint64 epoch) external pure returns (bytes32) {
        return LogChain.headZero(cluster, epoch);
    }

    function encodeEntry(LogChain.Entry memory e) external pure returns (bytes memory) {
        return LogChain.encode(e);
    }

    function terms(
        uint256 chainId,
        address board,
        uint256 taskId,
        address client,
        bytes32 paramsHash,
        bytes32 twinCodeHash
    ) external pure returns (bytes32) {
        return Digests.terms(chainId, board, taskId, client, paramsHash, twinCodeHash);
    }

    function nextHead(bytes32 head, LogChain.Entry memory e) external pure returns (bytes32) {
        return LogChain.nextHead(head, e);
    }

    function isLegal(uint8 from, uint8 event_, uint8 to) external pure returns (bool) {
        return PhaseTransitions.isLegal(from, event_, to);
    }

    function isQuorum(uint256 weight, uint256 total) external pure returns (bool) {
        return Certificate.isQuorum(weight, total);
    }

    function mixHashSince(
        bytes calldata header,
        bytes calldata parent,
        Moment calldata since
    ) external view returns (bytes32) {
        return Beacon.mixHashSince(header, parent, since);
    }

    function readHeader(bytes calldata header) external pure returns (BlockHeader.Fields memory) {
        return BlockHeader.read(header);
    }

    function hashesServed() external view returns (uint256) {
        return BlockHashes.served();
    }

    function sorted(uint256[] memory numbers) external pure returns (uint256[] memory ascending) {
        MinHeap.heapify(numbers);
        ascending = new uint256[](numbers.length);
        for (uint256 i = 0; i < ascending.length; ++i) ascending[i] = MinHeap.pop(numbers);
    }

    function draw(
        bytes32 seed,
        address[] memory owners,
        uint256 minNodes,
        uint256 maxNodes
    ) external pure returns (uint256[] memory seats, uint256 fillable) {
        return Draw.draw(seed, owners, minNodes, maxNodes);
    }

    function verify(
        Certificate.Statement memory statement,
        bytes memory members,
        uint256 bitmap,
        bytes calldata exceptions,
        bytes calldata signatures
    ) external view returns (uint256 signed) {
        return Certificate.verify(statement, members, bitmap, exceptions, signatures);
    }
}
