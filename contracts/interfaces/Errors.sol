// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

// Errors that more than one contract raises. Each carries what was given and what would have been accepted.

/// @notice A parameter is outside its bounds.
/// @param field the parameter's name, ASCII, left-aligned
/// @param given its value
/// @param min smallest accepted value
/// @param max largest accepted value
error OutOfBounds(bytes32 field, uint256 given, uint256 min, uint256 max);

/// @notice The call opens later: once both the block and the second are reached.
/// @param blockNumber the current block
/// @param opensAt first block in which the call is accepted
/// @param time the current block's, unix seconds
/// @param opensAtTime first second in which the call is accepted
error TooEarly(uint256 blockNumber, uint256 opensAt, uint256 time, uint256 opensAtTime);

/// @notice The call is closed: both the block has passed and the second is reached.
/// @param blockNumber the current block
/// @param deadline last block in which the call was accepted
/// @param time the current block's, unix seconds
/// @param deadlineTime the call was accepted before this second
error TooLate(uint256 blockNumber, uint256 deadline, uint256 time, uint256 deadlineTime);

/// @notice The caller may not do this.
/// @param caller who called
/// @param allowed who may (the first of them, where there are several)
error NotAllowed(address caller, address allowed);

/// @notice The token moved another amount than asked: fee-on-transfer and rebasing tokens are not supported.
/// @param received growth of this contract's balance
/// @param asked the amount that was to be transferred, token wei
error WrongAmountReceived(uint256 received, uint256 asked);

/// @notice The contracts of one deployment do not name each other.
/// @param named the address that a peer was built with
/// @param expected the address it had to be built with
error NotWired(address named, address expected);
