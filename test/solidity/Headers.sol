// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {vm} from "./Vm.sol";

/// @title Block headers made up for the blocks that a test rolls over
library Headers {
    /// @notice RLP of a header as far as the mixHash and one field more, and makes it the header of that block.
    function prove(uint256 blockNumber, bytes32 mixHash) internal returns (bytes memory header) {
        bytes memory word = abi.encodePacked(bytes1(0xa0), bytes32(uint256(1)));
        bytes memory fields = abi.encodePacked(
            word,
            word,
            abi.encodePacked(bytes1(0x94), address(1), word, word, word),
            abi.encodePacked(hex"b90100", new bytes(256)),
            // difficulty, number, gas limit, gas used, timestamp, extra data
            abi.encodePacked(
                bytes1(0x80),
                bytes1(0x88),
                uint64(blockNumber),
                hex"8080",
                hex"8401020304",
                hex"80"
            ),
            abi.encodePacked(bytes1(0xa0), mixHash),
            abi.encodePacked(bytes1(0x88), bytes8(0))
        );
        header = abi.encodePacked(bytes1(0xf9), uint16(fields.length), fields);
        vm.setBlockhash(blockNumber, keccak256(header));
    }
}
