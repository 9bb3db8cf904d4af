// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title The bytes behind every digest of the protocol
/// @notice hashStruct of the six signed objects and of a registration, inputs root, value, cumulative root, cluster, terms.
library Digests {
    bytes32 internal constant HELLO = keccak256(
        "Hello(bytes32 cluster,uint64 height,uint32 round,bytes32 value,bytes32 inputsRoot,uint256 inputs,int32 validRound)"
    );
    bytes32 internal constant STATUS = keccak256(
        "Status(bytes32 cluster,uint64 height,bytes32 parent,bytes32 stateHash,uint64 eventSeq)"
    );
    bytes32 internal constant SHARE = keccak256(
        "Share(bytes32 cluster,uint64 height,uint32 round,bytes32 parent,bytes32 stateHash,bytes32 inputsRoot,uint256 inputs,uint64 eventSeq,bytes32 eventsHash,int32 validRound)"
    );
    bytes32 internal constant CONFIRM = keccak256(
        "Confirm(bytes32 cluster,uint64 height,uint32 round,bytes32 value)"
    );
    bytes32 internal constant CHECKPOINT = keccak256(
        "Checkpoint(bytes32 cluster,uint64 height,bytes32 root,uint64 logSeq,bytes32 logHead,bytes32 inputsHash)"
    );
    bytes32 private constant CLOSE = keccak256("Close(bytes32 cluster)");
    bytes32 private constant REGISTER = keccak256("Register(address operator,address key)");

    struct Hello {
        bytes32 cluster;
        uint64 height;
        uint32 round;
        bytes32 value;
        bytes32 inputsRoot;
        uint256 inputs;
        int32 validRound;
    }

    struct Share {
        bytes32 cluster;
        uint64 height;
        uint32 round;
        bytes32 parent;
        bytes32 stateHash;
        bytes32 inputsRoot;
        uint256 inputs;
        uint64 eventSeq;
        bytes32 eventsHash;
        int32 validRound;
    }

    function hello(Hello memory h) internal pure returns (bytes32) {
        return keccak256(abi.encode(HELLO, h));
    }

    function status(
        bytes32 cluster,
        uint64 height,
        bytes32 parent,
        bytes32 stateHash,
        uint64 eventSeq
    ) internal pure returns (bytes32) {
        return keccak256(abi.encode(STATUS, cluster, height, parent, stateHash, eventSeq));
    }

    function share(Share memory s) internal pure returns (bytes32) {
        return keccak256(abi.encode(SHARE, s));
    }

    function confirm(
        bytes32 cluster,
        uint64 height,
        uint32 round,
        bytes32 decided
    ) internal pure returns (bytes32) {
        return keccak256(abi.encode(CONFIRM, cluster, height, round, decided));
    }

    function checkpoint(
        bytes32 cluster,
        uint64 height,
        bytes32 root,
        uint64 logSeq,
        bytes32 logHead,
        bytes32 inputsHash
    ) internal pure returns (bytes32) {
        return keccak256(abi.encode(CHECKPOINT, cluster, height, root, logSeq, logHead, inputsHash));
    }

    function close(bytes32 cluster) internal pure returns (bytes32) {
        return keccak256(abi.encode(CLOSE, cluster));
    }

    /// @notice A key's consent to belong to an operator; signed in the registry's domain.
    function register(address operator, address key) internal pure returns (bytes32) {
        return keccak256(abi.encode(REGISTER, operator, key));
    }

    /// @notice keccak(u256 inputs ‖ hashStruct of each listed member's Status or Close, ascending).
    function inputsRoot(uint256 inputs, bytes32[] memory hashStructs) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(inputs, hashStructs));
    }

    /// @notice What a height decides: state, inputs and ledger events.
    function value(
        bytes32 stateHash,
        bytes32 inputsRoot_,
        uint256 inputs,
        uint64 eventSeq,
        bytes32 eventsHash
    ) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(stateHash, inputsRoot_, inputs, eventSeq, eventsHash));
    }

    /// @notice Rolling hash of a task's ledger events after one more; 0 before the first.
    function nextEvents(
        bytes32 eventsHash,
        uint8 kind,
        address originator,
        bytes32 dataHash
    ) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(eventsHash, kind, originator, dataHash));
    }

    /// @notice Root before height 1.
    function rootZero(bytes32 cluster) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked("RSDP3.root", cluster));
    }

    /// @notice Root after a height.
    function nextRoot(bytes32 root, bytes32 value_) internal pure returns (bytes32) {
        return keccak256(abi.encode(root, value_));
    }

    /// @notice What a sign-up agrees to: this task of this client with these parameters and this twin, on this board.
    /// @param twinCodeHash code hash of the twin at `publish`; 0 without a twin
    function terms(
        uint256 chainId,
        address board,
        uint256 taskId,
        address client,
        bytes32 paramsHash,
        bytes32 twinCodeHash
    ) internal pure returns (bytes32) {
        return keccak256(abi.encode(chainId, board, taskId, client, paramsHash, twinCodeHash));
    }

    /// @notice Digest that every signed object of a task names.
    function clusterOf(
        uint256 taskId,
        bytes32 paramsHash,
        bytes32 snapshotHash,
        bytes32 seed
    ) internal pure returns (bytes32) {
        return keccak256(abi.encode(taskId, paramsHash, snapshotHash, seed));
    }
}
