// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ISlasher} from "../interfaces/ISlasher.sol";
import {Packed} from "./Packed.sol";
import {PhaseTransitions} from "./PhaseTransitions.sol";

/// @title A stretch of a member's log, as evidence brings it
/// @notice 55 bytes per entry: u64 seq ‖ u8 from ‖ u8 event ‖ u8 to ‖ u64 height ‖ u32 round ‖ value.
library LogProof {
    using Packed for bytes;

    uint256 private constant ENTRY = 55;
    /// @dev 110 KiB: with the other arguments a call stays below 128 KiB.
    uint256 private constant ENTRIES_MAX = 2048;
    /// @dev Bits to the right of a field in the entry's first word.
    uint256 private constant AFTER_SEQ = 192;
    uint256 private constant AFTER_FROM = 184;
    uint256 private constant AFTER_EVENT = 176;
    uint256 private constant AFTER_TO = 168;
    uint256 private constant AFTER_ROUND = 72;

    /// @param head after the last entry
    /// @param firstHead after the first entry
    /// @param firstSeq of the first entry
    /// @param lastSeq of the last entry
    /// @param isConsecutive no sequence number is left out or repeated
    /// @param isLegal every triple is in the table, starts where the one before ended, and (height, round) never falls
    struct Stretch {
        bytes32 head;
        bytes32 firstHead;
        uint256 firstSeq;
        uint256 lastSeq;
        bool isConsecutive;
        bool isLegal;
    }

    /// @notice Folds 1 … 2,048 entries onto `head`; reverts with ProvesNothing if it is another number.
    function fold(bytes calldata entries, bytes32 head) internal pure returns (Stretch memory s) {
        uint256 count = entries.length / ENTRY;
        if (count == 0 || count > ENTRIES_MAX || count * ENTRY != entries.length) {
            revert ISlasher.ProvesNothing("entries");
        }
        s = Stretch(head, _next(head, entries, 0), uint64(entries.u64(0)), 0, true, true);
        uint256 to = 0;
        uint256 position = 0;
        for (uint256 offset = 0; offset < entries.length; offset += ENTRY) {
            s.head = _next(s.head, entries, offset);
            uint256 entry = uint256(entries.word(offset));
            uint256 seq = entry >> AFTER_SEQ;
            uint8 from = uint8(entry >> AFTER_FROM);
            // height and round, which are neighbours, as one number
            uint256 place = uint96(entry >> AFTER_ROUND);
            if (offset != 0) {
                if (seq != s.lastSeq + 1) s.isConsecutive = false;
                if (from != to || place < position) s.isLegal = false;
            }
            to = uint8(entry >> AFTER_TO);
            if (!PhaseTransitions.isLegal(from, uint8(entry >> AFTER_EVENT), uint8(to))) s.isLegal = false;
            (position, s.lastSeq) = (place, seq);
        }
    }

    /// @dev keccak(head ‖ entry)
    function _next(
        bytes32 head,
        bytes calldata entries,
        uint256 offset
    ) private pure returns (bytes32 result) {
        assembly ("memory-safe") {
            let buffer := mload(0x40)
            mstore(buffer, head)
            calldatacopy(add(buffer, 32), add(entries.offset, offset), ENTRY)
            result := keccak256(buffer, 87)
        }
    }
}
