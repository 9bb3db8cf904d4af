// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title A member's log: 55-byte entries, one hash chain per epoch
library LogChain {
    /// @param seq from 1 in each epoch
    /// @param from status before (PhaseTransitions)
    /// @param event_ 1 … 7 = t1 … t7, 8 = RESET
    /// @param to status after
    /// @param value t2, t4: own value of the round; t6: what is confirmed; else the last decided value
    struct Entry {
        uint64 seq;
        uint8 from;
        uint8 event_;
        uint8 to;
        uint64 height;
        uint32 round;
        bytes32 value;
    }

    function headZero(bytes32 cluster, uint64 epoch) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked("RSDP3.log", cluster, epoch));
    }

    function encode(Entry memory e) internal pure returns (bytes memory) {
        return abi.encodePacked(e.seq, e.from, e.event_, e.to, e.height, e.round, e.value);
    }

    function nextHead(bytes32 head, Entry memory e) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(head, encode(e)));
    }
}
