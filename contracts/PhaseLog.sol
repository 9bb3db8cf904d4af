// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {LogState} from "./log/LogState.sol";
import {OutOfBounds} from "./interfaces/Errors.sol";
import {ITaskBoard} from "./interfaces/ITaskBoard.sol";
import {IPhaseLog} from "./interfaces/IPhaseLog.sol";
import {Batch} from "./libraries/Batch.sol";
import {Certificate} from "./libraries/Certificate.sol";
import {Lists} from "./libraries/Lists.sol";
import {PackedCounters} from "./libraries/PackedCounters.sol";
import {Snapshot} from "./libraries/Snapshot.sol";
import {TaskStatus} from "./libraries/TaskStatus.sol";

/// @title PhaseLog
/// @notice See IPhaseLog, which is the specification.
contract PhaseLog is LogState {
    using Lists for mapping(uint256 word => uint256 counters);
    using PackedCounters for mapping(uint256 word => uint256 counters);
    using Snapshot for bytes;

    uint256 private constant NOTES_BYTES_MAX = 31 * 1024;
    /// @dev One byte per height of an epoch, the longest that a task may have.
    uint256 private constant HINTS_MAX = 256;

    /// @dev The board and the nonce that tell this deployment from others; see LogState.
    constructor(address board_, bytes32 nonce) LogState(board_, nonce) {}

    /// @inheritdoc IPhaseLog
    function checkpoint(
        uint256 taskId,
        uint64 first,
        bytes calldata batch,
        uint256 bitmap,
        uint64 sharedSeq,
        bytes32 sharedHead,
        bytes calldata exceptions,
        bytes calldata notes,
        bytes calldata inputs,
        bytes calldata signatures
    ) external override {
        Log storage log = _logs[taskId];
        Progress memory p = log.progress;
        if (p.members == 0) revert NotOpen(taskId);
        Bounds memory b = log.bounds;
        Clock memory c = log.clock;
        bool finalizing = _requireRunning(taskId, p, c);
        bool isLate = p.graceHeights != 0;
        if (first != p.last + 1) revert WrongFirst(first, p.last + 1);
        Certificate.Statement memory s;
        (s.cluster, s.root) = (log.cluster, log.root);
        (s.sharedSeq, s.sharedHead) = (sharedSeq, sharedHead);
        if (inputs.length != 0) s.inputsHash = keccak256(inputs);
        uint256 inAll = _extend(log.eventsHashes, s, p, b, batch, finalizing);
        _checkBodies(b, s.height - p.last, notes.length, inputs.length);
        uint256 turn = _turn(p, b.epochHeights, block.number);
        uint256 feeUnits = _attest(p, b, s, turn, bitmap, exceptions, signatures, finalizing);
        // a fee that is due is spent, whoever earns it
        bool isEnd = s.height % b.epochHeights == 0 || s.height == p.heights;
        if (p.feesDue < c.feesMax && (isEnd || (!isLate && _isPause(p, c)))) {
            ++p.feesDue;
            if (feeUnits != 0) log.feeUnits.add(FEE_BITS, turn, feeUnits);
        }
        if (inAll != (1 << p.members) - 1) log.missed.countMissing(MISSED_BITS, batch, p.members);
        p.last = uint16(s.height);
        if (!finalizing) (p.lastBlock, p.lastTime) = (uint40(block.number), uint40(block.timestamp));
        log.progress = p;
        log.root = s.root;
        log.signers = bitmap;
        emit Checkpointed(
            taskId,
            first,
            s.height,
            s.root,
            p.eventSeq,
            bitmap,
            s.sharedSeq,
            s.sharedHead,
            msg.sender,
            batch,
            exceptions,
            notes,
            inputs
        );
    }

    /// @inheritdoc IPhaseLog
    function republish(
        uint256 taskId,
        uint64 height,
        bytes calldata hints,
        bytes calldata notes
    ) external override {
        uint64 last = _requireOpen(taskId).progress.last;
        if (height == 0 || height > last) revert NotAccepted(height, last);
        if (hints.length > HINTS_MAX) revert OutOfBounds("hints", hints.length, 0, HINTS_MAX);
        _checkNotes(notes.length);
        emit Republished(taskId, height, hints, notes);
    }

    /// @dev A quorum signed, and the caller may submit. Returns the part of a fee that the caller's turn earns, out of W.
    function _attest(
        Progress memory p,
        Bounds memory b,
        Certificate.Statement memory s,
        uint256 turn,
        uint256 bitmap,
        bytes calldata exceptions,
        bytes calldata signatures,
        bool finalizing
    ) private view returns (uint256 feeUnits) {
        bytes memory members = Snapshot.read(b.snapshot);
        bool inTurn = _takesTurn(p, turn, members.key(turn), finalizing);
        uint256 signed = Certificate.verify(s, members, bitmap, exceptions, signatures);
        return inTurn ? signed : 0;
    }

    /// @dev Whether the caller is the member whose turn it is. Nobody else may submit, but while the task is Finalizing.
    function _takesTurn(
        Progress memory p,
        uint256 turn,
        address key,
        bool finalizing
    ) private view returns (bool) {
        if (msg.sender == key) return true;
        if (finalizing) return false;
        uint256 rest = p.turnBlocks - ((block.number - p.lastBlock) % p.turnBlocks);
        revert NotYourTurn(msg.sender, uint8(turn), key, block.number + rest - 1);
    }

    /// @dev Whether half of the longest silence is over, in blocks and in seconds.
    function _isPause(Progress memory p, Clock memory c) private view returns (bool) {
        return
            2 * (block.number - p.lastBlock) >= c.stallBlocks &&
            2 * (block.timestamp - p.lastTime) >= c.stallSeconds;
    }

    /// @dev Whether the task is Finalizing; reverts if it is neither Active nor Finalizing.
    function _requireRunning(
        uint256 taskId,
        Progress memory p,
        Clock memory c
    ) private view returns (bool finalizing) {
        (ITaskBoard.Status status, ) = _status(p, c);
        TaskStatus.check(taskId, status, TaskStatus.ACTIVE | TaskStatus.FINALIZING);
        return status == ITaskBoard.Status.Finalizing;
    }

    /// @dev What the batch makes of root, height, events and late heights.
    function _extend(
        mapping(uint256 seq => bytes32 eventsHash) storage eventsHashes,
        Certificate.Statement memory s,
        Progress memory p,
        Bounds memory b,
        bytes calldata batch,
        bool finalizing
    ) private view returns (uint256 inAll) {
        Batch.Tip memory tip = Batch.Tip(s.root, p.eventSeq);
        uint256 count;
        (count, inAll) = Batch.fold(batch, p.members, tip, eventsHashes);
        s.root = tip.root;
        s.height = uint64(p.last + count);
        s.separator = domainSeparator();
        _checkRange(p, b.epochHeights, s.height, finalizing);
        if (tip.eventSeq > b.events) revert UnknownEvent(tip.eventSeq, b.events);
        p.eventSeq = uint16(tip.eventSeq);
        if (finalizing) p.graceHeights += uint16(count);
    }

    function _checkRange(
        Progress memory p,
        uint256 epochHeights,
        uint256 last,
        bool finalizing
    ) private pure {
        uint256 limit = _limit(p, epochHeights, finalizing);
        if (last > limit) revert BeyondLimit(last, limit);
        if (p.last / epochHeights != (last - 1) / epochHeights) {
            revert CrossesEpoch(p.last + 1, last, epochHeights);
        }
    }

    function _checkBodies(
        Bounds memory b,
        uint256 count,
        uint256 notesLength,
        uint256 inputsLength
    ) private pure {
        _checkNotes(notesLength);
        bool published = b.inputsPerHeightMax != 0;
        if (published != (inputsLength != 0)) revert InputsMode(published, inputsLength);
        uint256 max = uint256(b.inputsPerHeightMax) * count;
        if (inputsLength > max) revert OutOfBounds("inputs", inputsLength, 0, max);
    }

    function _checkNotes(uint256 length) private pure {
        if (length > NOTES_BYTES_MAX) revert OutOfBounds("notes", length, 0, NOTES_BYTES_MAX);
    }
}
