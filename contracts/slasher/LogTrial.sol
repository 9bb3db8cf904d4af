// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Trial} from "./Trial.sol";
import {ISlasher} from "../interfaces/ISlasher.sol";
import {Evidence} from "../libraries/Evidence.sol";
import {LogProof} from "../libraries/LogProof.sol";
import {Penalties} from "../libraries/Penalties.sol";

/// @title Proofs about a member's log
abstract contract LogTrial is Trial {
    using Evidence for bytes;

    /// @dev Heads of a log from which known entries lead to a signed head.
    mapping(bytes32 signed => mapping(bytes32 earlier => bool)) private _opened;

    /// @inheritdoc ISlasher
    function openLog(
        uint256 taskId,
        uint8 member,
        bytes calldata checkpoint,
        bytes calldata signature,
        bytes32 headBefore,
        bytes calldata entries
    ) external override {
        Accused memory a = _accused(taskId, member);
        bytes32 hash = _signed(a, Evidence.CHECKPOINT, checkpoint, signature);
        bytes32 head = _stretchTo(checkpoint, headBefore, entries).firstHead;
        bytes32 signed = checkpoint.word(Evidence.CHECKPOINT_LOG_HEAD);
        if (head == signed || _opened[signed][head]) revert ProvesNothing("opened");

        _opened[signed][head] = true;
        emit LogOpened(taskId, member, hash, head, msg.data);
    }

    /// @inheritdoc ISlasher
    function illegalLog(
        uint256 taskId,
        uint8 member,
        bytes calldata checkpoint,
        bytes calldata signature,
        bytes32 headBefore,
        bytes calldata entries
    ) external override {
        Accused memory a = _accused(taskId, member);
        bytes32 hash = _signed(a, Evidence.CHECKPOINT, checkpoint, signature);
        LogProof.Stretch memory s = _stretchTo(checkpoint, headBefore, entries);
        if (_isCounted(checkpoint, s) && s.isConsecutive && s.isLegal) revert ProvesNothing("legal");
        uint256 height = checkpoint.number(Evidence.HEIGHT);
        _convict(a, Verdict(Offence.IllegalLog, height, hash, 0, Penalties.ILLEGAL_LOG));
    }

    /// @inheritdoc ISlasher
    function forkedLog(
        uint256 taskId,
        uint8 member,
        bytes calldata first,
        bytes calldata firstSignature,
        bytes calldata second,
        bytes calldata secondSignature,
        bytes32 headBefore,
        bytes calldata entries
    ) external override {
        Accused memory a = _accused(taskId, member);
        bytes32 firstHash = _signed(a, Evidence.CHECKPOINT, first, firstSignature);
        bytes32 secondHash = _signed(a, Evidence.CHECKPOINT, second, secondSignature);
        uint256 height = second.number(Evidence.HEIGHT);
        _requireOneEpoch(first.number(Evidence.HEIGHT), height, a.identity.epochHeights);
        uint256 firstSeq = first.number(Evidence.CHECKPOINT_LOG_SEQ);
        if (second.number(Evidence.CHECKPOINT_LOG_SEQ) > firstSeq) {
            LogProof.Stretch memory s = _stretchTo(second, headBefore, entries);
            bool isNext = s.isConsecutive && s.firstSeq == firstSeq + 1;
            if (!isNext || !_isCounted(second, s)) revert ProvesNothing("logSeq");
            if (headBefore == first.word(Evidence.CHECKPOINT_LOG_HEAD)) revert ProvesNothing("extends");
        } else if (entries.length != 0) {
            revert ProvesNothing("entries");
        }
        _convict(a, Verdict(Offence.IllegalLog, height, firstHash, secondHash, Penalties.ILLEGAL_LOG));
    }

    /// @dev Entries that lead from a head to the signed one, or to one that was opened of it. Of a head nobody finds other
    /// entries than those that its signer folded into it: a stretch is a part of the signer's log, whatever came before.
    function _stretchTo(
        bytes calldata checkpoint,
        bytes32 headBefore,
        bytes calldata entries
    ) private view returns (LogProof.Stretch memory s) {
        s = LogProof.fold(entries, headBefore);
        bytes32 signed = checkpoint.word(Evidence.CHECKPOINT_LOG_HEAD);
        if (s.head != signed && !_opened[signed][s.head]) revert ProvesNothing("logHead");
    }

    /// @dev Whether the signed logSeq is that of the last entry, if the stretch reaches it.
    function _isCounted(bytes calldata checkpoint, LogProof.Stretch memory s) private pure returns (bool) {
        if (s.head != checkpoint.word(Evidence.CHECKPOINT_LOG_HEAD)) return true;
        return s.lastSeq == checkpoint.number(Evidence.CHECKPOINT_LOG_SEQ);
    }

    function _requireOneEpoch(uint256 first, uint256 second, uint256 epochHeights) private pure {
        if (first >= second) revert ProvesNothing("height");
        // no epoch has a height 0
        if (first == 0 || (first - 1) / epochHeights != (second - 1) / epochHeights) {
            revert ProvesNothing("epoch");
        }
    }
}
