// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {NotAllowed, OutOfBounds} from "./interfaces/Errors.sol";
import {IPhaseLog} from "./interfaces/IPhaseLog.sol";
import {ITaskBoard} from "./interfaces/ITaskBoard.sol";
import {Batch} from "./libraries/Batch.sol";
import {Certificate} from "./libraries/Certificate.sol";
import {Digests} from "./libraries/Digests.sol";
import {Domain} from "./libraries/Domain.sol";
import {Lists} from "./libraries/Lists.sol";
import {Moment} from "./libraries/Moments.sol";
import {PackedCounters} from "./libraries/PackedCounters.sol";
import {Snapshot} from "./libraries/Snapshot.sol";
import {TaskStatus} from "./libraries/TaskStatus.sol";

/// @title PhaseLog
/// @notice See IPhaseLog, which is the specification.
contract PhaseLog is IPhaseLog {
    using Lists for mapping(uint256 word => uint256 counters);
    using PackedCounters for mapping(uint256 word => uint256 counters);
    using Snapshot for bytes;

    /// @dev One slot, written by every checkpoint: what changes, beside what does not and is needed anyway. `lastBlock` and
    /// `lastTime` are those of the last checkpoint before the task was Finalizing: late heights prolong nothing.
    struct Progress {
        uint16 last;
        uint16 eventSeq;
        uint16 graceHeights;
        uint40 lastBlock;
        uint40 lastTime;
        uint8 members;
        uint16 heights;
        uint32 turnBlocks;
        uint16 feesDue;
    }

    /// @dev One slot.
    struct Bounds {
        address snapshot;
        uint16 events;
        uint16 epochHeights;
        uint24 inputsPerHeightMax;
    }

    /// @dev One slot: what decides when the task is over, and how many fees its escrow holds.
    struct Clock {
        uint40 endBlock;
        uint40 endTime;
        uint32 stallBlocks;
        uint32 stallSeconds;
        uint32 grace;
        uint32 graceSeconds;
        uint16 feesMax;
        bool revoked;
    }

    /// @dev A checkpoint writes root, signers, progress, counters of the missing and one fee counter, all paid for by `open`.
    struct Log {
        bytes32 root;
        bytes32 cluster;
        uint256 signers;
        Progress progress;
        Bounds bounds;
        Clock clock;
        mapping(uint256 seq => bytes32 eventsHash) eventsHashes;
        mapping(uint256 word => uint256 counters) missed;
        mapping(uint256 word => uint256 counters) feeUnits;
    }

    /// @dev Heights fit 16 bits; fee units are at most heights · W.
    uint256 private constant MISSED_BITS = 16;
    uint256 private constant FEE_BITS = 32;
    /// @dev No checkpoint was accepted. Not 0, so that a checkpoint never takes a new slot.
    uint256 private constant NOBODY = 1 << 255;
    uint256 private constant NOTES_BYTES_MAX = 31 * 1024;
    /// @dev One byte per height of an epoch, the longest that a task may have.
    uint256 private constant HINTS_MAX = 256;

    /// @inheritdoc IPhaseLog
    address public immutable override board;
    /// @inheritdoc IPhaseLog
    bytes32 public immutable override deploymentId;

    uint256 private immutable _CHAIN_ID;
    bytes32 private immutable _SEPARATOR;

    mapping(uint256 taskId => Log) private _logs;

    /// @param board_ where the task board is going to be; it refuses to be built elsewhere
    /// @param nonce random: what tells this deployment from one on a restarted chain
    constructor(address board_, bytes32 nonce) {
        board = board_;
        bytes32 previous = blockhash(block.number - 1);
        deploymentId = keccak256(
            abi.encode(block.chainid, address(this), previous, block.timestamp, msg.sender, nonce)
        );
        _CHAIN_ID = block.chainid;
        _SEPARATOR = Domain.salted(block.chainid, address(this), deploymentId);
    }

    modifier onlyBoard() {
        if (msg.sender != board) revert NotAllowed(msg.sender, board);
        _;
    }

    /// @inheritdoc IPhaseLog
    function open(uint256 taskId, Terms calldata terms) external override onlyBoard {
        Log storage log = _logs[taskId];
        if (log.progress.members != 0) revert AlreadyOpen(taskId);

        log.root = Digests.rootZero(terms.cluster);
        log.cluster = terms.cluster;
        log.signers = NOBODY;
        log.progress = Progress({
            last: 0,
            eventSeq: 0,
            graceHeights: 0,
            lastBlock: uint40(block.number),
            lastTime: uint40(block.timestamp),
            members: terms.members,
            heights: terms.heights,
            turnBlocks: terms.turnBlocks,
            feesDue: 0
        });
        log.bounds = Bounds({
            snapshot: terms.snapshot,
            events: log.bounds.events,
            epochHeights: terms.epochHeights,
            inputsPerHeightMax: terms.inputsPerHeightMax
        });
        log.clock = Clock({
            endBlock: terms.endBlock,
            endTime: terms.endTime,
            stallBlocks: terms.stallBlocks,
            stallSeconds: terms.stallSeconds,
            grace: terms.closeGrace,
            graceSeconds: terms.graceSeconds,
            feesMax: terms.feesMax,
            revoked: false
        });
        log.missed.open(MISSED_BITS, terms.members);
        log.feeUnits.open(FEE_BITS, terms.members);
    }

    /// @inheritdoc IPhaseLog
    function noteEvent(
        uint256 taskId,
        uint8 kind,
        address originator,
        bytes32 dataHash
    ) external override onlyBoard returns (uint64 seq) {
        Log storage log = _logs[taskId];
        bytes32 before = log.eventsHashes[log.bounds.events];
        seq = ++log.bounds.events;
        log.eventsHashes[seq] = Digests.nextEvents(before, kind, originator, dataHash);
    }

    /// @inheritdoc IPhaseLog
    function end(uint256 taskId) external override onlyBoard {
        Clock storage c = _requireOpen(taskId).clock;
        c.endBlock = uint40(block.number);
        c.endTime = uint40(block.timestamp);
        c.revoked = true;
    }

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
        bool isPause = p.graceHeights == 0 && _isPause(p, c);
        if (first != p.last + 1) revert WrongFirst(first, p.last + 1);
        Certificate.Statement memory s;
        (s.cluster, s.root) = (log.cluster, log.root);
        (s.sharedSeq, s.sharedHead) = (sharedSeq, sharedHead);
        if (inputs.length != 0) s.inputsHash = keccak256(inputs);
        _extend(log.eventsHashes, s, p, b, batch, finalizing);
        _checkBodies(b, s.height - p.last, notes.length, inputs.length);
        uint256 feeUnits = _attest(p, b, s, bitmap, exceptions, signatures, finalizing);
        bool isEnd = s.height % b.epochHeights == 0 || s.height == p.heights;
        if ((isEnd || isPause) && p.feesDue < c.feesMax) _payFee(log, p, b.epochHeights, feeUnits);
        log.missed.countMissing(MISSED_BITS, batch, p.members);
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

    /// @inheritdoc IPhaseLog
    function head(uint256 taskId) external view override returns (Head memory) {
        Log storage log = _logs[taskId];
        Progress memory p = log.progress;
        return
            Head(
                log.root,
                p.last,
                p.eventSeq,
                log.bounds.events,
                Moment(p.lastBlock, p.lastTime),
                p.graceHeights,
                p.members
            );
    }

    /// @inheritdoc IPhaseLog
    function signersOf(uint256 taskId) external view override returns (uint256 bitmap) {
        bitmap = _logs[taskId].signers;
        if (bitmap == NOBODY) bitmap = 0;
    }

    /// @inheritdoc IPhaseLog
    function eventsHash(uint256 taskId, uint64 seq) external view override returns (bytes32) {
        return _logs[taskId].eventsHashes[seq];
    }

    /// @inheritdoc IPhaseLog
    function statusOf(
        uint256 taskId
    ) external view override returns (ITaskBoard.Status status, Moment memory closedAt) {
        Log storage log = _requireOpen(taskId);
        return _status(log.progress, log.clock);
    }

    /// @inheritdoc IPhaseLog
    function limitOf(uint256 taskId) external view override returns (uint64 limit) {
        Log storage log = _requireOpen(taskId);
        Progress memory p = log.progress;
        (ITaskBoard.Status status, Moment memory closedAt) = _status(p, log.clock);
        if (closedAt.number != 0) return p.last;
        return uint64(_limit(p, log.bounds.epochHeights, status == ITaskBoard.Status.Finalizing));
    }

    /// @inheritdoc IPhaseLog
    function tally(
        uint256 taskId
    )
        external
        view
        override
        returns (uint64 last, uint64 feesDue, uint16[] memory missed, uint32[] memory feeUnits)
    {
        Log storage log = _logs[taskId];
        (last, feesDue) = (log.progress.last, log.progress.feesDue);
        uint256 n = log.progress.members;
        missed = new uint16[](n);
        feeUnits = new uint32[](n);
        for (uint256 i = 0; i < n; ++i) {
            missed[i] = uint16(log.missed.get(MISSED_BITS, i));
            feeUnits[i] = uint32(log.feeUnits.get(FEE_BITS, i));
        }
    }

    /// @inheritdoc IPhaseLog
    function turnAt(uint256 taskId, uint256 blockNumber) external view override returns (uint8 member) {
        Log storage log = _requireOpen(taskId);
        return uint8(_turn(log.progress, log.bounds.epochHeights, blockNumber));
    }

    /// @inheritdoc IPhaseLog
    function identityOf(uint256 taskId) external view override returns (Identity memory) {
        Log storage log = _logs[taskId];
        return Identity(domainSeparator(), log.cluster, log.bounds.snapshot, log.bounds.epochHeights);
    }

    /// @inheritdoc IPhaseLog
    function domainSeparator() public view override returns (bytes32) {
        if (block.chainid == _CHAIN_ID) return _SEPARATOR;
        return Domain.salted(block.chainid, address(this), deploymentId);
    }

    /// @dev A quorum signed, and the caller may submit. Returns the part of a fee that the caller's turn earns, out of W.
    function _attest(
        Progress memory p,
        Bounds memory b,
        Certificate.Statement memory s,
        uint256 bitmap,
        bytes calldata exceptions,
        bytes calldata signatures,
        bool finalizing
    ) private view returns (uint256 feeUnits) {
        bytes memory members = Snapshot.read(b.snapshot);
        bool inTurn = _takesTurn(p, b.epochHeights, members, finalizing);
        uint256 signed = Certificate.verify(s, members, bitmap, exceptions, signatures);
        return inTurn ? signed : 0;
    }

    /// @dev Whether the caller is the member whose turn it is. Nobody else may submit, but while the task is Finalizing.
    function _takesTurn(
        Progress memory p,
        uint256 epochHeights,
        bytes memory members,
        bool finalizing
    ) private view returns (bool) {
        uint256 turn = _turn(p, epochHeights, block.number);
        address key = members.key(turn);
        if (msg.sender == key) return true;
        if (finalizing) return false;
        uint256 rest = p.turnBlocks - ((block.number - p.lastBlock) % p.turnBlocks);
        revert NotYourTurn(msg.sender, uint8(turn), key, block.number + rest - 1);
    }

    /// @dev A fee that is due is spent, whoever earns it.
    function _payFee(Log storage log, Progress memory p, uint256 epochHeights, uint256 feeUnits) private {
        ++p.feesDue;
        if (feeUnits != 0) log.feeUnits.add(FEE_BITS, _turn(p, epochHeights, block.number), feeUnits);
    }

    /// @dev Whether half of the longest silence is over, in blocks and in seconds.
    function _isPause(Progress memory p, Clock memory c) private view returns (bool) {
        return
            2 * (block.number - p.lastBlock) >= c.stallBlocks &&
            2 * (block.timestamp - p.lastTime) >= c.stallSeconds;
    }

    function _requireOpen(uint256 taskId) private view returns (Log storage log) {
        log = _logs[taskId];
        if (log.progress.members == 0) revert NotOpen(taskId);
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

    function _status(
        Progress memory p,
        Clock memory c
    ) private view returns (ITaskBoard.Status status, Moment memory closedAt) {
        return
            TaskStatus.afterForm(
                TaskStatus.Facts({
                    last: Moment(p.lastBlock, p.lastTime),
                    end: Moment(c.endBlock, c.endTime),
                    stallBlocks: c.stallBlocks,
                    stallSeconds: c.stallSeconds,
                    grace: c.grace,
                    graceSeconds: c.graceSeconds,
                    complete: p.last == p.heights && p.graceHeights == 0,
                    revoked: c.revoked
                })
            );
    }

    function _turn(
        Progress memory p,
        uint256 epochHeights,
        uint256 blockNumber
    ) private pure returns (uint256) {
        return (uint256(p.last) / epochHeights + (blockNumber - p.lastBlock) / p.turnBlocks) % p.members;
    }

    /// @dev While Finalizing at most R more heights are accepted, of which `graceHeights` were.
    function _limit(Progress memory p, uint256 epochHeights, bool finalizing) private pure returns (uint256) {
        uint256 late = p.last + epochHeights - p.graceHeights;
        return finalizing && late < p.heights ? late : p.heights;
    }

    /// @dev What the batch makes of root, height, events and late heights.
    function _extend(
        mapping(uint256 seq => bytes32 eventsHash) storage eventsHashes,
        Certificate.Statement memory s,
        Progress memory p,
        Bounds memory b,
        bytes calldata batch,
        bool finalizing
    ) private view {
        Batch.Tip memory tip = Batch.Tip(s.root, p.eventSeq);
        uint256 count = Batch.fold(batch, p.members, tip, eventsHashes);
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
