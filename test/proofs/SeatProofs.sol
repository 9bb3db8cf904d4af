// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

// what `require` says here are premises: nobody is refused
// solhint-disable reason-string, gas-custom-errors

import {Draw} from "../../contracts/libraries/Draw.sol";

/// @title How many seats of a cluster one operator may have
contract SeatProofs {
    uint256 private constant SEATS_MIN = 4;
    uint256 private constant SEATS_MAX = 128;

    function oneOperatorHasLessThanAThird(uint256 seats) external pure {
        require(seats >= SEATS_MIN && seats <= SEATS_MAX);
        assert(3 * Draw.operatorCap(seats) < seats);
    }

    function oneSeatMoreWouldBeAThird(uint256 seats) external pure {
        require(seats >= SEATS_MIN && seats <= SEATS_MAX);
        assert(3 * (Draw.operatorCap(seats) + 1) >= seats);
    }

    function anOperatorMayHaveASeat(uint256 seats) external pure {
        require(seats >= SEATS_MIN && seats <= SEATS_MAX);
        assert(Draw.operatorCap(seats) >= 1);
    }
}
