// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {PackedCounters} from "../libraries/PackedCounters.sol";

/// @title CountersHarness
/// @notice Opens PackedCounters to tests.
contract CountersHarness {
    using PackedCounters for mapping(uint256 word => uint256 counters);

    mapping(uint256 word => uint256 counters) private _words;

    function open(uint256 width, uint256 members) external {
        _words.open(width, members);
    }

    function add(uint256 width, uint256 member, uint256 amount) external {
        _words.add(width, member, amount);
    }

    function addAll(uint256 width, uint256 bitmap, uint256 amount) external {
        _words.addAll(width, bitmap, amount);
    }

    function get(uint256 width, uint256 member) external view returns (uint256) {
        return _words.get(width, member);
    }

    function wordAt(uint256 index) external view returns (uint256) {
        return _words[index];
    }
}
