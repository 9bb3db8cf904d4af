// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Hashes of past blocks, as far back as the chain serves them to contracts
/// @notice BLOCKHASH serves the last 256 blocks, the history contract of EIP-2935 the last 8,191. A chain without that
/// contract, with other code at its address, or with code that reverts (a development chain) has the 256 alone.
library BlockHashes {
    uint256 internal constant RECENT = 256;
    uint256 internal constant HISTORY = 8191;
    address private constant HISTORY_CONTRACT = 0x0000F90827F1C53a10cb7A02335B175320002935;

    /// @notice Hash of block `blockNumber`; 0 if the chain does not serve it.
    function hashOf(uint256 blockNumber) internal view returns (bytes32 hash) {
        hash = blockhash(blockNumber);
        if (hash == 0) hash = _stored(blockNumber);
    }

    /// @notice For how many blocks this chain serves a block's hash: 8,191 if the history contract knows the last block's.
    function served() internal view returns (uint256) {
        bytes32 last = blockhash(block.number - 1);
        return last != 0 && _stored(block.number - 1) == last ? HISTORY : RECENT;
    }

    /// @dev 0 unless the call succeeds and answers one word.
    function _stored(uint256 blockNumber) private view returns (bytes32 hash) {
        address history = HISTORY_CONTRACT;
        assembly ("memory-safe") {
            mstore(0x00, blockNumber)
            let ok := staticcall(gas(), history, 0x00, 32, 0x00, 32)
            if and(ok, eq(returndatasize(), 32)) {
                hash := mload(0x00)
            }
        }
    }
}
