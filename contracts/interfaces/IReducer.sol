// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title The Solidity twin of a reducer
/// @notice Recomputes what a member claims to have aggregated. Same bytes in, same bytes out as the TypeScript reducer.
/// @dev Called by `staticcall`. Must be pure in effect: no storage, no block data, no calls. A revert, and too little gas, mean "no
/// verdict". A proof gives it at most what a transaction may have.
interface IReducer {
    /// @notice A seat of the cluster.
    /// @param key its signing key
    /// @param weight weight of its votes
    struct Member {
        address key;
        uint16 weight;
    }

    /// @notice What a reducer may know besides its inputs: the same on both sides of the chain.
    /// @param seed the cluster's seed
    /// @param height the height whose inputs are aggregated, ≥ 1
    /// @param members by seat, from the cluster's snapshot
    /// @param previous canonical bytes of the decided state of height − 1; at height 1 the published result of the task's
    /// predecessor, empty without one; empty in tasks whose parameters
    /// do not say `usesPrevious`
    struct Context {
        bytes32 seed;
        uint64 height;
        Member[] members;
        bytes previous;
    }

    /// @notice One listed input.
    /// @param member index of who signed it
    /// @param state its canonical bytes
    struct Input {
        uint8 member;
        bytes state;
    }

    /// @notice One ledger event.
    /// @param kind 0: posted by the client or a reporter; 1: a conviction, u8 member ‖ u8 offence ‖ u8 percent
    /// @param data its body
    struct Event {
        uint8 kind;
        bytes data;
    }

    /// @notice Whether a state may be aggregated at all. Total: answers for any bytes.
    /// @param params the task's `reducerParams`
    /// @param state canonical bytes of one member's state
    function validate(bytes calldata params, bytes calldata state) external view returns (bool);

    /// @notice f_agg_status: the aggregate of the listed inputs, canonical bytes.
    /// @param params the task's `reducerParams`
    /// @param inputs listed inputs, ascending by member
    /// @param events ledger events 1 … eventSeq of the height; whoever does not know a kind leaves those out
    function aggregate(
        bytes calldata params,
        Context calldata context,
        Input[] calldata inputs,
        Event[] calldata events
    ) external view returns (bytes memory);

    /// @notice f_agg_close: the state without the members whose CLOSE is in the list, canonical bytes. Asked only for lists
    /// that hold a CLOSE.
    /// @dev Gets no ledger events: `state` has them in it.
    /// @param params the task's `reducerParams`
    /// @param state what `aggregate` gives for the same context and inputs
    /// @param remaining the listed inputs, ascending by member: those who stay
    function close(
        bytes calldata params,
        Context calldata context,
        bytes calldata state,
        Input[] calldata remaining
    ) external view returns (bytes memory);
}
