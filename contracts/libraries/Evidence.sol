// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ISlasher} from "../interfaces/ISlasher.sol";
import {Digests} from "./Digests.sol";
import {Packed} from "./Packed.sol";

/// @title Signed objects as evidence brings them
/// @notice `fields` = abi.encode of the fields after `cluster`, in the order of the EIP-712 type: one word each, so that
/// hashStruct = keccak(type hash ‖ cluster ‖ fields) once every word is in its range.
library Evidence {
    using Packed for bytes;

    uint8 internal constant HELLO = 1;
    uint8 internal constant STATUS = 2;
    uint8 internal constant SHARE = 3;
    uint8 internal constant CONFIRM = 4;
    uint8 internal constant CHECKPOINT = 5;

    /// @dev Position of a field in its object. Every object begins with its height.
    uint256 internal constant HEIGHT = 0;
    uint256 internal constant ROUND = 1;
    uint256 internal constant HELLO_INPUTS = 4;
    uint256 internal constant HELLO_VALID_ROUND = 5;
    uint256 internal constant STATUS_PARENT = 1;
    uint256 internal constant SHARE_PARENT = 2;
    uint256 internal constant SHARE_STATE_HASH = 3;
    uint256 internal constant SHARE_INPUTS_ROOT = 4;
    uint256 internal constant SHARE_INPUTS = 5;
    uint256 internal constant SHARE_EVENT_SEQ = 6;
    uint256 internal constant SHARE_EVENTS_HASH = 7;
    uint256 internal constant SHARE_VALID_ROUND = 8;
    uint256 internal constant CONFIRM_VALUE = 2;
    uint256 internal constant CHECKPOINT_ROOT = 1;
    uint256 internal constant CHECKPOINT_LOG_SEQ = 2;
    uint256 internal constant CHECKPOINT_LOG_HEAD = 3;

    uint256 private constant WORD = 32;
    uint256 private constant SIGNED = 0x80;
    /// @dev One byte per field from the left: its length in bytes, with the top bit set if it is signed.
    bytes10 private constant HELLO_FIELDS = 0x08042020208400000000;
    bytes10 private constant STATUS_FIELDS = 0x08202008000000000000;
    bytes10 private constant SHARE_FIELDS = 0x08042020202008208400;
    bytes10 private constant CONFIRM_FIELDS = 0x08042000000000000000;
    bytes10 private constant CHECKPOINT_FIELDS = 0x08200820200000000000;

    /// @notice hashStruct of an object. Reverts with BadFields unless the fields are those of an object of the type.
    function hashStruct(
        uint8 objectType,
        bytes32 cluster,
        bytes calldata fields
    ) internal pure returns (bytes32) {
        (bytes32 typeHash, bytes10 lengths) = _typeOf(objectType);
        uint256 count = 0;
        while (lengths[count] != 0) ++count;
        if (count == 0 || fields.length != count * WORD) {
            revert ISlasher.BadFields(objectType, fields.length);
        }
        for (uint256 i = 0; i < count; ++i) {
            if (!_inRange(uint8(lengths[i]), number(fields, i))) {
                revert ISlasher.BadFields(objectType, fields.length);
            }
        }
        return keccak256(abi.encodePacked(typeHash, cluster, fields));
    }

    /// @notice Whether two objects of one type have one sign-once key: height, and for HELLO, SHARE, CONFIRM the round.
    function isSameKey(
        uint8 objectType,
        bytes calldata first,
        bytes calldata second
    ) internal pure returns (bool) {
        if (word(first, HEIGHT) != word(second, HEIGHT)) return false;
        if (objectType == STATUS || objectType == CHECKPOINT) return true;
        return word(first, ROUND) == word(second, ROUND);
    }

    /// @notice What a SHARE votes for; 0 = NIL, a vote without a list.
    function valueOf(bytes calldata share) internal pure returns (bytes32) {
        if (number(share, SHARE_INPUTS) == 0) return 0;
        return
            Digests.value(
                word(share, SHARE_STATE_HASH),
                word(share, SHARE_INPUTS_ROOT),
                number(share, SHARE_INPUTS),
                uint64(number(share, SHARE_EVENT_SEQ)),
                word(share, SHARE_EVENTS_HASH)
            );
    }

    /// @notice What a vote for a value claims of its height.
    function claimOf(bytes calldata share) internal pure returns (ISlasher.Claim memory) {
        return
            ISlasher.Claim({
                height: uint64(number(share, HEIGHT)),
                parent: word(share, SHARE_PARENT),
                stateHash: word(share, SHARE_STATE_HASH),
                inputsRoot: word(share, SHARE_INPUTS_ROOT),
                inputs: number(share, SHARE_INPUTS),
                eventSeq: uint64(number(share, SHARE_EVENT_SEQ)),
                eventsHash: word(share, SHARE_EVENTS_HASH)
            });
    }

    /// @notice The height whose parent an object names, and that parent. Reverts for one that names none.
    function parentNamed(
        bytes calldata fields,
        uint8 objectType
    ) internal pure returns (uint256 height, bytes32 parent) {
        height = number(fields, HEIGHT);
        if (objectType == STATUS) return (height, word(fields, STATUS_PARENT));
        if (objectType == CHECKPOINT) return (height + 1, word(fields, CHECKPOINT_ROOT));
        if (objectType != SHARE) revert ISlasher.BadFields(objectType, fields.length);
        if (number(fields, SHARE_INPUTS) == 0) revert ISlasher.ProvesNothing("SHARE of NIL");
        return (height, word(fields, SHARE_PARENT));
    }

    /// @notice Whether the vote is for a list of its own round, not for a value of an earlier one.
    function isFresh(bytes calldata vote, uint256 validRoundField) internal pure returns (bool) {
        return number(vote, validRoundField) == type(uint256).max;
    }

    /// @dev Warning: `field` must be one of the object's.
    function word(bytes calldata fields, uint256 field) internal pure returns (bytes32) {
        return fields.word(field * WORD);
    }

    /// @dev Warning: `field` must be one of the object's.
    function number(bytes calldata fields, uint256 field) internal pure returns (uint256) {
        return uint256(word(fields, field));
    }

    function _inRange(uint256 kind, uint256 value) private pure returns (bool) {
        uint256 bits = (kind & (SIGNED - 1)) * 8;
        if (bits == 256) return true;
        if (kind & SIGNED == 0) return value >> bits == 0;
        // the bits from the sign on are all equal: added to half the range, they overflow to the range itself
        unchecked {
            return (value + (1 << (bits - 1))) >> bits == 0;
        }
    }

    function _typeOf(uint8 objectType) private pure returns (bytes32 typeHash, bytes10 lengths) {
        if (objectType == HELLO) return (Digests.HELLO, HELLO_FIELDS);
        if (objectType == STATUS) return (Digests.STATUS, STATUS_FIELDS);
        if (objectType == SHARE) return (Digests.SHARE, SHARE_FIELDS);
        if (objectType == CONFIRM) return (Digests.CONFIRM, CONFIRM_FIELDS);
        if (objectType == CHECKPOINT) return (Digests.CHECKPOINT, CHECKPOINT_FIELDS);
    }
}
