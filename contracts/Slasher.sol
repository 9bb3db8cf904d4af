// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {LogTrial} from "./slasher/LogTrial.sol";
import {ReductionTrial} from "./slasher/ReductionTrial.sol";
import {Trial} from "./slasher/Trial.sol";
import {IPhaseLog} from "./interfaces/IPhaseLog.sol";
import {ITaskBoard} from "./interfaces/ITaskBoard.sol";
import {ISlasher} from "./interfaces/ISlasher.sol";
import {Certificate} from "./libraries/Certificate.sol";
import {Evidence} from "./libraries/Evidence.sol";
import {Penalties} from "./libraries/Penalties.sol";
import {Snapshot} from "./libraries/Snapshot.sol";

/// @title Slasher
/// @notice See ISlasher, which is the specification.
/// @dev Here are the proofs about votes alone; those about logs and results are inherited.
contract Slasher is LogTrial, ReductionTrial {
    using Evidence for bytes;
    using Snapshot for bytes;

    /// @dev The board and the log that proofs are judged by; see Trial.
    constructor(ITaskBoard board_, IPhaseLog log_) Trial(board_, log_) {}

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
}
