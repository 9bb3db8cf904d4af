// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Moment} from "../libraries/Moments.sol";

/// @title Who is in a cluster: a function of the sign-ups, the registry and one block header
/// @notice Holds no state. The task board builds it for itself and is the only one that acts on its answers.
interface IDrawing {
    /// @notice What a drawing is about.
    /// @param signedUp end of sign-up: whose key was active then can be drawn, whatever happened since
    /// @param seedAt the first block that reaches it is the chance
    struct Terms {
        uint256 taskId;
        Moment signedUp;
        Moment seedAt;
        uint256 minNodes;
        uint256 maxNodes;
    }

    /// @notice Draws a cluster. Reverts with errors of ITaskBoard: `NoBlockHash`, `NotTheHeader`, `MalformedHeader`,
    /// `NotTheFirst`, `NoRandomness`, `TooFewMembers`.
    /// @param signups keys in the order of the board's list
    /// @param header RLP header of the seed block
    /// @param parent RLP header of the block before; not read where the seed block is the first that may be it
    /// @return seed keccak(abi.encode(mixHash of the seed block, taskId))
    /// @return keys the members, by seat
    /// @return operators who owns each
    function draw(
        Terms calldata terms,
        address[] calldata signups,
        bytes calldata header,
        bytes calldata parent
    ) external view returns (bytes32 seed, address[] memory keys, address[] memory operators);

    /// @notice Blocks after a seed block in which it can be proved: 8,191 where the chain answered as EIP-2935 says when
    /// this contract was built, else 256.
    function formWindow() external view returns (uint256);

    /// @notice The registry that knows who owns a key, and since when it was inactive.
    function registry() external view returns (address);
}
