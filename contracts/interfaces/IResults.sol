// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title What may be built on a task's result
/// @notice The one question of a contract that acts on results. It costs about 40,000 gas and 5,000 per signer.
interface IResults {
    /// @notice How far a result may be relied upon.
    enum Outcome {
        /// there is none yet, or it may still be challenged
        Pending,
        /// it stays as it is: no conviction and no challenge may come any more
        Final,
        /// a height below it was refuted, or too few of its signers stand
        Tainted
    }

    /// @notice Pending: nothing was accepted or finalized, or the evidence window is open. Final: it has passed, and the
    /// result is not tainted. Tainted: the accepted history holds a height that was refuted, or those who signed its last
    /// checkpoint and are not convicted of two votes or checkpoints, amnesia, wrong reduction or another history weigh
    /// at most a third of all: perhaps nobody honest vouches for it. A conviction of 1 % or 5 % taints nothing.
    /// @dev Final never changes, nor does Tainted by a refuted height. Tainted by convictions alone may end before the task
    /// does: a later checkpoint is signed by others, who vouch for all before it.
    /// @return outcome see above
    /// @return resultHash keccak of the published result; 0 if none is published
    /// @return height last accepted height
    function result(
        uint256 taskId
    ) external view returns (Outcome outcome, bytes32 resultHash, uint64 height);
}
