// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPhaseLog} from "./interfaces/IPhaseLog.sol";
import {IResults} from "./interfaces/IResults.sol";
import {ISlasher} from "./interfaces/ISlasher.sol";
import {ITaskBoard} from "./interfaces/ITaskBoard.sol";
import {Moment, Moments} from "./libraries/Moments.sol";
import {Penalties} from "./libraries/Penalties.sol";
import {Snapshot} from "./libraries/Snapshot.sol";

/// @title Results
/// @notice See IResults, which is the specification.
contract Results is IResults {
    using Moments for Moment;
    using Snapshot for bytes;

    ITaskBoard private immutable _BOARD;
    IPhaseLog private immutable _LOG;
    ISlasher private immutable _SLASHER;

    constructor(ITaskBoard board_, IPhaseLog log_, ISlasher slasher_) {
        _BOARD = board_;
        _LOG = log_;
        _SLASHER = slasher_;
    }

    /// @inheritdoc IResults
    function result(
        uint256 taskId
    ) external view override returns (Outcome outcome, bytes32 resultHash, uint64 height) {
        height = _LOG.head(taskId).last;
        if (height == 0) return (Outcome.Pending, 0, 0);
        resultHash = _BOARD.task(taskId).resultHash;
        if (_isTainted(taskId)) return (Outcome.Tainted, resultHash, height);
        Moment memory opensAt = _BOARD.claimsOpenAt(taskId);
        bool settled = resultHash != 0 && opensAt.number != 0 && opensAt.isReached();
        outcome = settled ? Outcome.Final : Outcome.Pending;
    }

    function _isTainted(uint256 taskId) private view returns (bool) {
        if (_SLASHER.isTainted(taskId)) return true;
        bytes memory members = Snapshot.read(_LOG.identityOf(taskId).snapshot);
        uint256 signers = _LOG.signersOf(taskId);
        uint256 standing = 0;
        for (uint256 i = 0; signers >> i != 0; ++i) {
            if ((signers >> i) & 1 == 0) continue;
            (uint8 percent, ) = _BOARD.convictionOf(taskId, uint8(i));
            if (!Penalties.isGrave(percent)) standing += members.weight(i);
        }
        return 3 * standing <= members.totalWeight();
    }
}
