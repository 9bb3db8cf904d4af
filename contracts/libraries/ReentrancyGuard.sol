// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Refuses a call that comes while another one of the same contract has not ended
/// @notice The mark lies in transient storage (EIP-1153): 500 gas a call, where a storage slot would cost 2,300.
abstract contract ReentrancyGuard {
    bool private transient _entered;

    /// @notice The contract was called out of one of its own calls.
    error ReentrancyGuardReentrantCall();

    /// @dev The mark is taken back at the end of the call, not of the transaction: a transaction may call again. A call
    /// that reverts has left none.
    modifier nonReentrant() {
        if (_entered) revert ReentrancyGuardReentrantCall();
        _entered = true;
        _;
        _entered = false;
    }
}
