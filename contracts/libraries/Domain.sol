// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title EIP-712 domains of the protocol, version 3
/// @dev OpenZeppelin's EIP712 has no salt. Callers pass `block.chainid` live, so that a chain fork gets its own domain.
library Domain {
    bytes32 private constant NAME = keccak256("RSDP");
    bytes32 private constant VERSION = keccak256("3");
    bytes32 private constant SALTED_TYPE = keccak256(
        "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract,bytes32 salt)"
    );
    bytes32 private constant PLAIN_TYPE = keccak256(
        "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
    );

    /// @notice Separator for protocol objects.
    function salted(
        uint256 chainId,
        address verifyingContract,
        bytes32 salt
    ) internal pure returns (bytes32) {
        return keccak256(abi.encode(SALTED_TYPE, NAME, VERSION, chainId, verifyingContract, salt));
    }

    /// @notice Separator for registrations.
    function plain(uint256 chainId, address verifyingContract) internal pure returns (bytes32) {
        return keccak256(abi.encode(PLAIN_TYPE, NAME, VERSION, chainId, verifyingContract));
    }

    /// @notice What is signed: keccak(0x1901 ‖ separator ‖ hashStruct).
    function digest(bytes32 separator, bytes32 hashStruct) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(hex"1901", separator, hashStruct));
    }
}
