// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

// what `require` says here are premises: nobody is refused
// solhint-disable reason-string, gas-custom-errors

import {Certificate} from "../../contracts/libraries/Certificate.sol";
import {Draw} from "../../contracts/libraries/Draw.sol";

/// @title What more than two thirds of the weight means
contract QuorumProofs {
    /// @dev 128 members of 16 bits.
    uint256 private constant TOTAL_MAX = 128 * uint256(type(uint16).max);

    function twoQuorumsShareMoreThanAThird(
        uint256 both,
        uint256 onlyFirst,
        uint256 onlySecond,
        uint256 neither
    ) external pure {
        require(
            both <= TOTAL_MAX && onlyFirst <= TOTAL_MAX && onlySecond <= TOTAL_MAX && neither <= TOTAL_MAX
        );
        uint256 total = both + onlyFirst + onlySecond + neither;
        require(total <= TOTAL_MAX);
        require(Certificate.isQuorum(both + onlyFirst, total));
        require(Certificate.isQuorum(both + onlySecond, total));
        assert(3 * both > total);
    }

    function lessThanAThirdCannotStopTheOthers(uint256 silent, uint256 total) external pure {
        require(total <= TOTAL_MAX && silent <= total && 3 * silent < total);
        assert(Certificate.isQuorum(total - silent, total));
    }

    function aThirdCanStopTheOthers(uint256 silent, uint256 total) external pure {
        require(total <= TOTAL_MAX && silent <= total && 3 * silent >= total);
        assert(!Certificate.isQuorum(total - silent, total));
    }

    function moreWeightIsStillAQuorum(uint256 less, uint256 more, uint256 total) external pure {
        require(total <= TOTAL_MAX && less <= more && more <= total);
        require(Certificate.isQuorum(less, total));
        assert(Certificate.isQuorum(more, total));
    }

    function nobodyIsNoQuorum(uint256 total) external pure {
        require(total <= TOTAL_MAX);
        assert(!Certificate.isQuorum(0, total));
    }

    function nothingWrapsInRange(uint256 weight, uint256 total) external pure {
        require(weight <= total && total <= TOTAL_MAX);
        assert(Certificate.isQuorum(weight, total) == (total > 0 && 3 * weight > 2 * total));
    }

    function twoOperatorsAreNoQuorum(uint256 seats) external pure {
        require(seats >= 4 && seats <= 128);
        assert(!Certificate.isQuorum(2 * Draw.operatorCap(seats), seats));
    }
}
