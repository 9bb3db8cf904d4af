// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Batch} from "./Batch.sol";
import {PackedCounters} from "./PackedCounters.sol";

/// @title Who is missing in the lists of a batch
library Lists {
    using Batch for bytes;
    using PackedCounters for mapping(uint256 word => uint256 counters);

    /// @notice Adds to each member's counter the number of heights whose list leaves it out. Writes nothing if there is
    /// none; heights in a row that leave out the same members are added at once.
    /// @param batch whole heights, of which `fold` has found that they list members alone
    function countMissing(
        mapping(uint256 word => uint256 counters) storage missed,
        uint256 width,
        bytes calldata batch,
        uint256 members
    ) internal {
        uint256 length = Batch.heightBytes(members);
        uint256 all = (1 << members) - 1;
        uint256 absent = 0;
        uint256 run = 0;
        unchecked {
            // a batch ends far below 2^256 bytes
            for (uint256 offset = 0; offset < batch.length; offset += length) {
                uint256 missing = all ^ batch.listAt(offset, members);
                if (missing != absent) {
                    if (absent != 0) missed.addAll(width, absent, run);
                    (absent, run) = (missing, 0);
                }
                ++run;
            }
        }
        if (absent != 0) missed.addAll(width, absent, run);
    }
}
