// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ISlasher} from "../interfaces/ISlasher.sol";
import {Evidence} from "./Evidence.sol";

/// @title What a conviction costs: base share of the lock, in percent, and what comes with it
library Penalties {
    /// @dev Base share of offences that one bug may make everybody commit.
    uint256 private constant CORRELATED = 5;
    uint256 private constant CORRELATION = 3;
    uint256 internal constant AMNESIA = 100;
    uint256 internal constant ILLEGAL_LOG = CORRELATED;
    uint256 internal constant UNJUSTIFIED_VOTE = 1;
    uint256 internal constant WRONG_CHECKPOINT = 100;
    uint256 internal constant TWO_PARENTS = 20;
    uint256 private constant DECIDING_EQUIVOCATION = 100;
    uint256 private constant OTHER_EQUIVOCATION = CORRELATED;
    uint256 private constant WRONG_REDUCTION_MIN = 20;
    uint256 private constant WRONG_REDUCTION_IMPACT = 80;

    /// @dev From here on a conviction says that its signer's word about results is worth nothing.
    uint256 private constant GRAVE = 20;

    /// @notice Everything for two votes or checkpoints, by which heights are decided; little for what only proposes.
    function equivocation(uint8 objectType) internal pure returns (uint256) {
        if (objectType == Evidence.HELLO || objectType == Evidence.STATUS) return OTHER_EQUIVOCATION;
        return DECIDING_EQUIVOCATION;
    }

    /// @notice ⌊20 + 80 · misled / total⌋.
    /// @param misled weight of the members that confirmed the wrong value
    function wrongReduction(uint256 misled, uint256 total) internal pure returns (uint256) {
        return WRONG_REDUCTION_MIN + (WRONG_REDUCTION_IMPACT * misled) / total;
    }

    /// @notice ⌊5 · (1 + 3 · others / total)⌋, below 20: one bug in everybody's code is not everybody's lock.
    /// @param others weight of the others so convicted, below `total`
    function correlated(uint256 others, uint256 total) internal pure returns (uint256) {
        return CORRELATED + (CORRELATED * CORRELATION * others) / total;
    }

    /// @notice Whether a conviction with this base share takes back what its signer said about results: two votes or
    /// checkpoints, amnesia, wrong reduction, another history. Not an illegal log, an unjustified vote or two inputs.
    function isGrave(uint256 percent) internal pure returns (bool) {
        return percent >= GRAVE;
    }

    /// @notice Whether the share grows with the weight of the others convicted of such in the task.
    function isCorrelated(ISlasher.Offence offence) internal pure returns (bool) {
        return
            offence == ISlasher.Offence.Equivocation ||
            offence == ISlasher.Offence.Amnesia ||
            offence == ISlasher.Offence.IllegalLog;
    }
}
