// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Trial} from "./Trial.sol";
import {IPhaseLog} from "../interfaces/IPhaseLog.sol";
import {IReducer} from "../interfaces/IReducer.sol";
import {ITaskBoard} from "../interfaces/ITaskBoard.sol";
import {ISlasher} from "../interfaces/ISlasher.sol";
import {Digests} from "../libraries/Digests.sol";
import {Evidence} from "../libraries/Evidence.sol";
import {Moment, Moments} from "../libraries/Moments.sol";
import {Penalties} from "../libraries/Penalties.sol";
import {Reduction} from "../libraries/Reduction.sol";
import {Snapshot} from "../libraries/Snapshot.sol";

/// @title Proofs about a result: a vote for it, or a checkpoint that holds it
abstract contract ReductionTrial is Trial {
    using Evidence for bytes;
    using Moments for Moment;
    using Snapshot for bytes;

    /// @dev By task, height and the root after it.
    mapping(bytes32 place => bool) private _refuted;

    /// @inheritdoc ISlasher
    mapping(uint256 taskId => bool) public override isTainted;

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
    function isRefuted(uint256 taskId, uint64 height, bytes32 root) public view override returns (bool) {
        return _refuted[_place(taskId, height, root)];
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
        bytes memory previous = Reduction.previousOf(_BOARD, _LOG, params, claim, before);
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

    function _place(uint256 taskId, uint64 height, bytes32 root) private pure returns (bytes32) {
        return keccak256(abi.encode(taskId, height, root));
    }
}
