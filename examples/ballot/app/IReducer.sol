// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

/// How nodes and the slasher ask a twin.
interface IReducer {
    struct Member {
        address key;
        uint16 weight;
    }

    /// `previous` is empty unless the reducer says `uses: ['previous']`.
    struct Context {
        bytes32 seed;
        uint64 height;
        Member[] members;
        bytes previous;
    }

    struct Input {
        uint8 member;
        bytes state;
    }

    /// Kind 0: posted; 1: a conviction. Leave kinds out that you do not know.
    struct Event {
        uint8 kind;
        bytes data;
    }

    /// Whether a member may bring this state. Answers for any bytes.
    function validate(bytes calldata params, bytes calldata state) external view returns (bool);

    /// aggregateStatus, over inputs that ascend by member.
    function aggregate(
        bytes calldata params,
        Context calldata context,
        Input[] calldata inputs,
        Event[] calldata events
    ) external view returns (bytes memory);

    /// aggregateClose: asked for lists in which somebody leaves, with what `aggregate` gives for the same inputs.
    function close(
        bytes calldata params,
        Context calldata context,
        bytes calldata state,
        Input[] calldata remaining
    ) external view returns (bytes memory);
}
