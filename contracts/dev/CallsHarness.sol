// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title CallsHarness
/// @notice Makes many calls in one, none of which leaves anything behind, so that a hundred thousand take minutes.
contract CallsHarness {
    /// @notice How a call ended.
    error Outcome(bool success, bytes answer);

    /// @return outcomes the data of an `Outcome` for each call
    function tryAll(address target, bytes[] calldata calls) external returns (bytes[] memory outcomes) {
        outcomes = new bytes[](calls.length);
        for (uint256 i = 0; i < calls.length; ++i) {
            // it always fails: the outcome is what it fails with
            // solhint-disable-next-line avoid-low-level-calls
            (, outcomes[i]) = address(this).call(abi.encodeCall(this.tryOne, (target, calls[i])));
        }
    }

    /// @notice Reverts with an `Outcome`, whatever happens.
    function tryOne(address target, bytes calldata data) external {
        // the caller is told how it ended
        // solhint-disable-next-line avoid-low-level-calls
        (bool success, bytes memory answer) = target.call(data);
        revert Outcome(success, answer);
    }
}
