// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPhaseLog} from "./interfaces/IPhaseLog.sol";
import {IReducer} from "./interfaces/IReducer.sol";
import {ISlasher} from "./interfaces/ISlasher.sol";
import {ITaskBoard} from "./interfaces/ITaskBoard.sol";
import {Results} from "./Results.sol";
import {Certificate} from "./libraries/Certificate.sol";
import {Digests} from "./libraries/Digests.sol";
import {Domain} from "./libraries/Domain.sol";
import {Evidence} from "./libraries/Evidence.sol";
import {LogProof} from "./libraries/LogProof.sol";
import {Moment, Moments} from "./libraries/Moments.sol";
import {Penalties} from "./libraries/Penalties.sol";
import {Reduction} from "./libraries/Reduction.sol";
import {Signature} from "./libraries/Signature.sol";
import {Snapshot} from "./libraries/Snapshot.sol";

/// @title Slasher
/// @notice See ISlasher, which is the specification.
contract Slasher is ISlasher {
    using Evidence for bytes;
    using Moments for Moment;
    using Snapshot for bytes;

    struct Accused {
        uint256 taskId;
        uint8 member;
        address key;
        uint256 members;
        IPhaseLog.Identity identity;
    }

    struct Verdict {
        Offence offence;
        uint256 height;
        bytes32 first;
        bytes32 second;
        uint256 percent;
    }

    ITaskBoard private immutable _BOARD;
    IPhaseLog private immutable _LOG;
    Results private immutable _RESULTS;
    /// @dev Heads of a log from which known entries lead to a signed head.
    mapping(bytes32 signed => mapping(bytes32 earlier => bool)) private _opened;
    /// @dev By task, height and the root after it.
    mapping(bytes32 place => bool) private _refuted;

    /// @inheritdoc ISlasher
    mapping(uint256 taskId => bool) public override isTainted;

    /// @param board_ where the task board is going to be; it refuses to be built elsewhere
    /// @param log_ the log in whose domain objects are signed
    constructor(ITaskBoard board_, IPhaseLog log_) {
        _BOARD = board_;
        _LOG = log_;
        _RESULTS = new Results(board_, log_, this);
    }

    /// @inheritdoc ISlasher
    function equivocation(
        uint256 taskId,
        uint8 member,
        uint8 objectType,
        bytes calldata first,
        bytes calldata firstSignature,
        bytes calldata second,
        bytes calldata secondSignature
    ) external override {
        Accused memory a = _accused(taskId, member);
        bytes32 firstHash = _signed(a, objectType, first, firstSignature);
        bytes32 secondHash = _signed(a, objectType, second, secondSignature);
        if (firstHash == secondHash) revert ProvesNothing("same object");
        if (!Evidence.isSameKey(objectType, first, second)) revert ProvesNothing("sign-once key");
        uint256 height = first.number(Evidence.HEIGHT);
        uint256 percent = Penalties.equivocation(objectType);
        _convict(a, Verdict(Offence.Equivocation, height, firstHash, secondHash, percent));
    }

    /// @inheritdoc ISlasher
    function amnesia(
        uint256 taskId,
        uint8 member,
        bytes calldata confirm,
        bytes calldata confirmSignature,
        bytes calldata share,
        bytes calldata shareSignature
    ) external override {
        Accused memory a = _accused(taskId, member);
        bytes32 confirmHash = _signed(a, Evidence.CONFIRM, confirm, confirmSignature);
        bytes32 shareHash = _signed(a, Evidence.SHARE, share, shareSignature);
        uint256 height = confirm.number(Evidence.HEIGHT);
        if (share.number(Evidence.HEIGHT) != height) revert ProvesNothing("height");
        bytes32 confirmed = confirm.word(Evidence.CONFIRM_VALUE);
        if (confirmed == 0) revert ProvesNothing("CONFIRM of NIL");
        bytes32 voted = share.valueOf();
        if (voted == 0) revert ProvesNothing("SHARE of NIL");
        if (voted == confirmed) revert ProvesNothing("same value");
        uint256 round = confirm.number(Evidence.ROUND);
        if (share.number(Evidence.ROUND) <= round) revert ProvesNothing("round");
        int256 validRound = int256(share.number(Evidence.SHARE_VALID_ROUND));
        if (validRound >= int256(round)) revert ProvesNothing("validRound");
        _convict(a, Verdict(Offence.Amnesia, height, confirmHash, shareHash, Penalties.AMNESIA));
    }

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

    /// @inheritdoc ISlasher
    function unjustifiedVote(
        uint256 taskId,
        uint8 member,
        uint8 objectType,
        bytes calldata vote,
        bytes calldata signature
    ) external override {
        bool isShare = objectType == Evidence.SHARE;
        if (!isShare && objectType != Evidence.HELLO) revert BadFields(objectType, vote.length);
        Accused memory a = _accused(taskId, member);
        bytes32 hash = _signed(a, objectType, vote, signature);
        if (_isPossible(vote, isShare)) _requireNoList(a, vote, isShare);
        uint256 height = vote.number(Evidence.HEIGHT);
        _convict(a, Verdict(Offence.UnjustifiedVote, height, hash, 0, Penalties.UNJUSTIFIED_VOTE));
    }

    /// @inheritdoc ISlasher
    function wrongReduction(
        uint256 taskId,
        uint8 member,
        bytes calldata share,
        bytes calldata signature,
        ITaskBoard.TaskParams calldata params,
        ListedInput[] calldata inputs,
        bytes calldata closes,
        bytes calldata events,
        Confirmers calldata confirmers,
        Before calldata before
    ) external override {
        Accused memory a = _accused(taskId, member);
        bytes32 hash = _signed(a, Evidence.SHARE, share, signature);
        if (share.valueOf() == 0) revert ProvesNothing("SHARE of NIL");
        if (!share.isFresh(Evidence.SHARE_VALID_ROUND)) revert ProvesNothing("not fresh");
        Claim memory claim = share.claimOf();
        _requireWrong(taskId, a.identity, claim, params, inputs, closes, events, before);
        uint256 percent = _impact(a, share, confirmers);
        _convict(a, Verdict(Offence.WrongReduction, claim.height, hash, 0, percent));
    }

    /// @inheritdoc ISlasher
    function refute(
        uint256 taskId,
        Claim calldata claim,
        bytes32[] calldata later,
        ITaskBoard.TaskParams calldata params,
        ListedInput[] calldata inputs,
        bytes calldata closes,
        bytes calldata events,
        Before calldata before
    ) external override {
        if (claim.inputs == 0) revert ProvesNothing("inputs");
        bytes32 root = Reduction.rootAfter(claim);
        bytes32 place = _place(taskId, claim.height, root);
        bool known = _refuted[place];
        if (!known) {
            IPhaseLog.Identity memory identity = _LOG.identityOf(taskId);
            _requireWrong(taskId, identity, claim, params, inputs, closes, events, before);
            _refuted[place] = true;
        }
        bool taints = !isTainted[taskId] && _isAccepted(taskId, claim.height, root, later);
        if (known && !taints) revert ProvesNothing("refuted");
        if (taints) isTainted[taskId] = true;
        emit Refuted(taskId, claim.height, root, taints, msg.data);
    }

    /// @inheritdoc ISlasher
    function wrongCheckpoint(
        uint256 taskId,
        uint8 member,
        bytes calldata checkpoint,
        bytes calldata signature,
        uint64 height,
        bytes32 root,
        bytes32[] calldata later
    ) external override {
        Accused memory a = _accused(taskId, member);
        bytes32 hash = _signed(a, Evidence.CHECKPOINT, checkpoint, signature);
        if (!isRefuted(taskId, height, root)) revert ProvesNothing("not refuted");
        uint256 signed = checkpoint.number(Evidence.HEIGHT);
        bool leads =
            height + later.length == signed &&
                Reduction.fold(root, later) == checkpoint.word(Evidence.CHECKPOINT_ROOT);
        if (!leads) revert ProvesNothing("root");
        _convict(a, Verdict(Offence.WrongCheckpoint, signed, hash, 0, Penalties.WRONG_CHECKPOINT));
    }

    /// @inheritdoc ISlasher
    function twoParents(
        uint256 taskId,
        uint8 member,
        uint8 objectType,
        bytes calldata other,
        bytes calldata otherSignature,
        bytes calldata share,
        bytes calldata shareSignature
    ) external override {
        Accused memory a = _accused(taskId, member);
        bytes32 otherHash = _signed(a, objectType, other, otherSignature);
        bytes32 shareHash = _signed(a, Evidence.SHARE, share, shareSignature);
        (uint256 height, bytes32 parent) = other.parentNamed(objectType);
        (uint256 votedHeight, bytes32 votedParent) = share.parentNamed(Evidence.SHARE);
        if (height != votedHeight) revert ProvesNothing("height");
        if (parent == votedParent) revert ProvesNothing("same parent");
        _convict(a, Verdict(Offence.TwoParents, height, otherHash, shareHash, Penalties.TWO_PARENTS));
    }

    /// @inheritdoc ISlasher
    function board() external view override returns (address) {
        return address(_BOARD);
    }

    /// @inheritdoc ISlasher
    function log() external view override returns (address) {
        return address(_LOG);
    }

    /// @inheritdoc ISlasher
    function results() external view override returns (address) {
        return address(_RESULTS);
    }

    /// @inheritdoc ISlasher
    function isRefuted(uint256 taskId, uint64 height, bytes32 root) public view override returns (bool) {
        return _refuted[_place(taskId, height, root)];
    }

    function _convict(Accused memory a, Verdict memory v) private {
        emit Convicted(
            a.taskId,
            a.member,
            v.offence,
            uint64(v.height),
            v.first,
            v.second,
            uint8(v.percent),
            msg.sender,
            msg.data
        );
        _BOARD.penalise(
            a.taskId,
            a.member,
            uint8(v.offence),
            uint8(v.percent),
            Penalties.isCorrelated(v.offence),
            msg.sender
        );
    }

    function _accused(uint256 taskId, uint8 member) private view returns (Accused memory) {
        IPhaseLog.Identity memory identity = _LOG.identityOf(taskId);
        (address key, uint256 members) = Snapshot.keyAt(identity.snapshot, member);
        if (member >= members) revert NoSuchMember(member, members);
        return Accused(taskId, member, key, members, identity);
    }

    /// @dev hashStruct of an object that the accused signed.
    function _signed(
        Accused memory a,
        uint8 objectType,
        bytes calldata fields,
        bytes calldata signature
    ) private pure returns (bytes32 hash) {
        hash = Evidence.hashStruct(objectType, a.identity.cluster, fields);
        _requireSigner(a.identity.separator, hash, signature, a.member, a.key);
    }

    function _requireSigner(
        bytes32 separator,
        bytes32 hash,
        bytes calldata signature,
        uint256 member,
        address key
    ) private pure {
        address signer = Signature.signer(Domain.digest(separator, hash), signature);
        if (signer == address(0) || signer != key) revert NotSignedBy(member, signer, key);
    }

    /// @dev Whether the validRound of a vote is a round before its own, or says that the vote is fresh.
    function _isPossible(bytes calldata vote, bool isShare) private pure returns (bool) {
        uint256 field = isShare ? Evidence.SHARE_VALID_ROUND : Evidence.HELLO_VALID_ROUND;
        int256 validRound = int256(vote.number(field));
        return validRound >= -1 && validRound < int256(vote.number(Evidence.ROUND));
    }

    /// @dev Reverts unless the vote is fresh and its list names a stranger or is no quorum.
    function _requireNoList(Accused memory a, bytes calldata vote, bool isShare) private view {
        uint256 list = vote.number(isShare ? Evidence.SHARE_INPUTS : Evidence.HELLO_INPUTS);
        if (isShare && list == 0) revert ProvesNothing("SHARE of NIL");
        if (!vote.isFresh(isShare ? Evidence.SHARE_VALID_ROUND : Evidence.HELLO_VALID_ROUND)) {
            revert ProvesNothing("not fresh");
        }
        bytes memory members = Snapshot.read(a.identity.snapshot);
        bool isList = Certificate.isQuorum(members.weightOf(list), members.totalWeight());
        if (list >> a.members == 0 && isList) revert ProvesNothing("quorum");
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

    /// @dev The seed that the twin is called with.
    function _requireTwin(
        uint256 taskId,
        ITaskBoard.TaskParams calldata params
    ) private view returns (bytes32) {
        (bytes32 paramsHash, bytes32 codeHash, bytes32 seed) = _BOARD.reductionOf(taskId);
        if (keccak256(abi.encode(params)) != paramsHash) revert ProvesNothing("params");
        if (params.twin == address(0)) revert NoVerdict("no twin");
        if (params.twin.codehash != codeHash) revert NoVerdict("twin's code");
        return seed;
    }

    /// @dev Reverts unless the twin gives another state for the claim's list.
    function _requireWrong(
        uint256 taskId,
        IPhaseLog.Identity memory identity,
        Claim memory claim,
        ITaskBoard.TaskParams calldata params,
        ListedInput[] calldata inputs,
        bytes calldata closes,
        bytes calldata events,
        Before calldata before
    ) private view {
        bytes32 seed = _requireTwin(taskId, params);
        bytes memory members = Snapshot.read(identity.snapshot);
        (IReducer.Input[] memory listed, uint256 leaving) = Reduction.listed(identity.cluster, claim, inputs);
        bytes32 close = Digests.close(identity.cluster);
        _requireSigners(identity.separator, members, leaving, close, closes);
        IReducer.Event[] memory posted = Reduction.posted(_LOG, taskId, claim, events);
        bytes memory previous = Reduction.previousOf(params, claim, before);
        bool isRight = Reduction.isRight(
            params,
            Reduction.contextOf(seed, claim.height, members, previous),
            listed,
            posted,
            leaving != 0,
            claim.stateHash
        );
        if (isRight) revert ProvesNothing("right state");
    }

    /// @dev Whether the accepted history holds a height, while convictions may still come.
    function _isAccepted(
        uint256 taskId,
        uint256 height,
        bytes32 root,
        bytes32[] calldata later
    ) private view returns (bool) {
        IPhaseLog.Head memory head = _LOG.head(taskId);
        if (height + later.length != head.last || Reduction.fold(root, later) != head.root) return false;
        Moment memory opensAt = _BOARD.claimsOpenAt(taskId);
        return opensAt.number == 0 || !opensAt.isReached();
    }

    function _place(uint256 taskId, uint64 height, bytes32 root) private pure returns (bytes32) {
        return keccak256(abi.encode(taskId, height, root));
    }

    /// @dev Base share of a wrong reduction, by the weight of those that confirmed its value.
    function _impact(
        Accused memory a,
        bytes calldata share,
        Confirmers calldata c
    ) private view returns (uint256) {
        bytes memory members = Snapshot.read(a.identity.snapshot);
        uint64 height = uint64(share.number(Evidence.HEIGHT));
        bytes32 hash = Digests.confirm(a.identity.cluster, height, c.round, share.valueOf());
        _requireSigners(a.identity.separator, members, c.members, hash, c.signatures);
        return Penalties.wrongReduction(members.weightOf(c.members), members.totalWeight());
    }

    /// @dev Every seat of the bitmap has signed an object: 65 bytes each, ascending, and no more.
    function _requireSigners(
        bytes32 separator,
        bytes memory members,
        uint256 bitmap,
        bytes32 hash,
        bytes calldata signatures
    ) private pure {
        uint256 start = 0;
        for (uint256 i = 0; bitmap >> i != 0; ++i) {
            if ((bitmap >> i) & 1 == 0) continue;
            if (i >= members.count()) revert NoSuchMember(i, members.count());
            uint256 end = start + Signature.LENGTH;
            if (signatures.length < end) revert ProvesNothing("signatures");
            _requireSigner(separator, hash, signatures[start:end], i, members.key(i));
            start = end;
        }
        if (signatures.length != start) revert ProvesNothing("signatures");
    }
}
