// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPhaseLog} from "../interfaces/IPhaseLog.sol";

/// @title CourtHarness
/// @notice Stands in for log and board of a Slasher, with tasks that ran elsewhere: all that evidence is held against is given.
contract CourtHarness {
    struct Reduction {
        bytes32 paramsHash;
        bytes32 codeHash;
        bytes32 seed;
    }

    mapping(uint256 taskId => IPhaseLog.Identity) public identityOf;
    mapping(uint256 taskId => Reduction) public reductionOf;
    mapping(uint256 taskId => mapping(uint64 seq => bytes32)) public eventsHash;

    /// @param events rolling hash up to each of the ledger events 1, 2, …
    function open(
        uint256 taskId,
        IPhaseLog.Identity calldata identity,
        Reduction calldata reduction,
        bytes32[] calldata events
    ) external {
        identityOf[taskId] = identity;
        reductionOf[taskId] = reduction;
        for (uint64 i = 0; i < events.length; ++i) eventsHash[taskId][i + 1] = events[i];
    }

    /// @notice Nothing was accepted: what is refuted here taints nothing.
    // solhint-disable-next-line no-empty-blocks
    function head(uint256) external pure returns (IPhaseLog.Head memory) {}

    /// @notice Whoever is convicted has nothing to lose here.
    // solhint-disable-next-line no-empty-blocks
    function penalise(uint256, uint8, uint8, uint8, bool, address) external {}
}
