// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ITaskLine} from "../../contracts/interfaces/ITaskLine.sol";

/// @title The plans of the line that these tests keep: of one length each, and of different price and pace
library Plans {
    uint256 internal constant COUNT = 3;
    uint64 internal constant JOIN_BLOCKS = 10;

    /// @notice Plan `i`, below COUNT.
    function plan(uint256 i) internal pure returns (ITaskLine.Plan memory p) {
        p.params.reducerParams = hex"00";
        (p.params.minNodes, p.params.maxNodes) = (4, 5);
        (p.params.heights, p.params.epochHeights) = (4, 2);
        (p.params.stateCap, p.params.inputCap) = (64, 64);
        (p.params.stakePerNode, p.params.rewardPerHeight) = (50, uint128(90 + 17 * i));
        (p.params.checkpointFee, p.params.formGasPrice) = (13, uint64(i));
        (p.params.joinDeadline, p.params.endBlock) = (JOIN_BLOCKS, uint64(100 + 20 * i));
        (p.params.turnBlocks, p.params.stallBlocks) = (1, 25);
        p.params.maxEvents = 1;
        (p.params.tickMs, p.params.debateTicks, p.params.shareTicks) = (1, 1, 1);
        (p.params.confirmTicks, p.params.helloTicks) = (1, 1);
        p.params.reporters = new address[](0);
        p.withGeneration = i != 1;
        (p.renewBeforeBlocks, p.renewBeforeHeights) = (30, uint16(i));
        (p.paceBlocks, p.renewFee) = (uint64(7 * i), uint128(3 * i));
    }
}
