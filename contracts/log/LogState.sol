// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {NotAllowed} from "../interfaces/Errors.sol";
import {IPhaseLog} from "../interfaces/IPhaseLog.sol";
import {ITaskBoard} from "../interfaces/ITaskBoard.sol";
import {Digests} from "../libraries/Digests.sol";
import {Domain} from "../libraries/Domain.sol";
import {Moment} from "../libraries/Moments.sol";
import {PackedCounters} from "../libraries/PackedCounters.sol";
import {TaskStatus} from "../libraries/TaskStatus.sol";

/// @title What the log keeps of a task, and where the task stands
/// @dev The board opens the log of a task, appends its events and ends it; everybody reads.
abstract contract LogState is IPhaseLog {
    using PackedCounters for mapping(uint256 word => uint256 counters);

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
    uint256 internal constant MISSED_BITS = 16;
    uint256 internal constant FEE_BITS = 32;
    /// @dev No checkpoint was accepted. Not 0, so that a checkpoint never takes a new slot.
    uint256 private constant NOBODY = 1 << 255;

    /// @inheritdoc IPhaseLog
    address public immutable override board;
    /// @inheritdoc IPhaseLog
    bytes32 public immutable override deploymentId;

    uint256 private immutable _CHAIN_ID;
    bytes32 private immutable _SEPARATOR;

    mapping(uint256 taskId => Log) internal _logs;

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

    function _requireOpen(uint256 taskId) internal view returns (Log storage log) {
        log = _logs[taskId];
        if (log.progress.members == 0) revert NotOpen(taskId);
    }

    function _status(
        Progress memory p,
        Clock memory c
    ) internal view returns (ITaskBoard.Status status, Moment memory closedAt) {
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
    ) internal pure returns (uint256) {
        return (uint256(p.last) / epochHeights + (blockNumber - p.lastBlock) / p.turnBlocks) % p.members;
    }

    /// @dev While Finalizing at most R more heights are accepted, of which `graceHeights` were.
    function _limit(
        Progress memory p,
        uint256 epochHeights,
        bool finalizing
    ) internal pure returns (uint256) {
        uint256 late = p.last + epochHeights - p.graceHeights;
        return finalizing && late < p.heights ? late : p.heights;
    }
}
