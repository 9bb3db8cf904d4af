// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

// what `require` says here are premises: nobody is refused
// solhint-disable reason-string, gas-custom-errors

import {Penalties} from "../../contracts/libraries/Penalties.sol";
import {StakeMath} from "../../contracts/libraries/StakeMath.sol";

/// @title What penalties take and rewards give
contract StakeProofs {
    /// @dev 128 members of 16 bits.
    uint256 private constant TOTAL_MAX = 128 * uint256(type(uint16).max);

    function aPenaltyIsWithinTheLock(uint128 lock, uint256 percent) external pure {
        require(percent <= 100);
        assert(StakeMath.percentUp(lock, percent) <= lock);
    }

    function allOfTheLockAtHundred(uint128 lock) external pure {
        assert(StakeMath.percentUp(lock, 100) == lock);
    }

    function aPenaltyRoundsUp(uint128 lock, uint256 percent) external pure {
        require(percent <= 100);
        uint256 penalty = StakeMath.percentUp(lock, percent);
        assert(100 * penalty >= lock * percent && 100 * penalty < lock * percent + 100);
    }

    function aLargerShareTakesNoLess(uint128 lock, uint256 before, uint256 percent) external pure {
        require(before <= percent && percent <= 100);
        uint256 more = StakeMath.percentUp(lock, percent) - StakeMath.percentUp(lock, before);
        assert(more + StakeMath.percentUp(lock, before) <= lock);
    }

    function aPortionIsWithinTheWhole(uint160 amount, uint256 weight, uint256 total) external pure {
        require(weight <= total && 0 < total && total <= TOTAL_MAX);
        assert(StakeMath.portionDown(amount, weight, total) <= amount);
    }

    function aSmallerAmountHasNoLargerPortion(
        uint160 less,
        uint160 more,
        uint256 weight,
        uint256 total
    ) external pure {
        require(less <= more && weight <= total && 0 < total && total <= TOTAL_MAX);
        assert(StakeMath.portionDown(less, weight, total) <= StakeMath.portionDown(more, weight, total));
    }

    function twoPortionsAreWithinTheirPortionTogether(
        uint160 amount,
        uint256 a,
        uint256 b,
        uint256 total
    ) external pure {
        require(a <= TOTAL_MAX && b <= TOTAL_MAX && a + b <= total && 0 < total && total <= TOTAL_MAX);
        uint256 together = StakeMath.portionDown(amount, a + b, total);
        assert(StakeMath.portionDown(amount, a, total) + StakeMath.portionDown(amount, b, total) <= together);
    }

    function aWrongReductionCosts20To100(uint256 misled, uint256 total) external pure {
        require(misled <= total && 0 < total && total <= TOTAL_MAX);
        uint256 percent = Penalties.wrongReduction(misled, total);
        assert(20 <= percent && percent <= 100);
    }

    function misleadingMoreCostsNoLess(uint256 less, uint256 more, uint256 total) external pure {
        require(less <= more && more <= total && 0 < total && total <= TOTAL_MAX);
        assert(Penalties.wrongReduction(less, total) <= Penalties.wrongReduction(more, total));
    }
}
