// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Results} from "../Results.sol";
import {IPhaseLog} from "../interfaces/IPhaseLog.sol";
import {ISlasher} from "../interfaces/ISlasher.sol";
import {ITaskBoard} from "../interfaces/ITaskBoard.sol";
import {Domain} from "../libraries/Domain.sol";
import {Evidence} from "../libraries/Evidence.sol";
import {Penalties} from "../libraries/Penalties.sol";
import {Signature} from "../libraries/Signature.sol";
import {Snapshot} from "../libraries/Snapshot.sol";

/// @title What every proof goes through: who is accused, what it signed, and its conviction
abstract contract Trial is ISlasher {
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

    ITaskBoard internal immutable _BOARD;
    IPhaseLog internal immutable _LOG;
    Results private immutable _RESULTS;

    /// @param board_ where the task board is going to be; it refuses to be built elsewhere
    /// @param log_ the log in whose domain objects are signed
    constructor(ITaskBoard board_, IPhaseLog log_) {
        _BOARD = board_;
        _LOG = log_;
        _RESULTS = new Results(board_, log_, this);
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

    function _convict(Accused memory a, Verdict memory v) internal {
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

    function _accused(uint256 taskId, uint8 member) internal view returns (Accused memory) {
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
    ) internal pure returns (bytes32 hash) {
        hash = Evidence.hashStruct(objectType, a.identity.cluster, fields);
        _requireSigner(a.identity.separator, hash, signature, a.member, a.key);
    }

    /// @dev Every seat of the bitmap has signed an object: 65 bytes each, ascending, and no more.
    function _requireSigners(
        bytes32 separator,
        bytes memory members,
        uint256 bitmap,
        bytes32 hash,
        bytes calldata signatures
    ) internal pure {
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
}
