// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Bytes as the code of a contract
/// @dev The code is STOP ‖ data: a call of it does nothing, and it can never be code that destroys itself.
library DataContract {
    /// @notice Most bytes of one data contract: the limit of contract code (EIP-170) without the STOP.
    uint256 internal constant BYTES_MAX = 24_575;

    /// @dev `PUSH2 size, DUP1, PUSH1 10, PUSH0, CODECOPY, PUSH0, RETURN`: returns what follows these 10 bytes.
    uint24 private constant PUSH2_SIZE = 0x610000;
    bytes7 private constant COPY_AND_RETURN = 0x80600a5f395ff3;
    bytes1 private constant STOP = 0x00;

    /// @notice Creates a data contract of 1 … BYTES_MAX bytes.
    /// @return pointer 0 if it could not be created
    function create(bytes calldata data) internal returns (address pointer) {
        uint24 pushSize = PUSH2_SIZE + uint24(data.length + 1);
        bytes memory init = abi.encodePacked(pushSize, COPY_AND_RETURN, STOP, data);
        assembly ("memory-safe") {
            pointer := create(0, add(init, 32), mload(init))
        }
    }

    /// @notice Bytes that a data contract holds.
    function lengthOf(address pointer) internal view returns (uint256) {
        return pointer.code.length - 1;
    }

    /// @notice The bytes of several data contracts, one after the other.
    function join(address[] memory pointers) internal view returns (bytes memory data) {
        uint256 length = 0;
        for (uint256 i = 0; i < pointers.length; ++i) length += lengthOf(pointers[i]);
        data = new bytes(length);
        uint256 offset = 0;
        for (uint256 i = 0; i < pointers.length; ++i) {
            address pointer = pointers[i];
            uint256 size = lengthOf(pointer);
            assembly ("memory-safe") {
                extcodecopy(pointer, add(add(data, 32), offset), 1, size)
            }
            offset += size;
        }
    }
}
