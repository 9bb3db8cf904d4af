// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title The Solidity twin of a reducer
/// @notice Recomputes what a member claims to have aggregated. Same bytes in, same bytes out as the TypeScript reducer.
/// @dev Called by `staticcall`. Must be pure in effect: no storage, no block data, no calls. A revert means "no verdict".
interface IReducer {
    /// @notice One listed input.
    /// @param member index of who signed it
    /// @param state its canonical bytes
    struct Input {
        uint8 member;
        bytes state;
    }

    /// @notice Whether a state may be aggregated at all. Total: answers for any bytes.
    /// @param params the task's `reducerParams`
    /// @param state canonical bytes of one member's state
    function validate(bytes calldata params, bytes calldata state) external view returns (bool);

    /// @notice The aggregate of the listed inputs, canonical bytes.
    /// @param params the task's `reducerParams`
    /// @param seed the cluster's seed
    /// @param inputs listed inputs, ascending by member
    /// @param events bodies of the ledger events 1 … eventSeq of the height
    function aggregate(
        bytes calldata params,
        bytes32 seed,
        Input[] calldata inputs,
        bytes[] calldata events
    ) external view returns (bytes memory);
}
