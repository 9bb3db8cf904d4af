// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Public keys of the secrets 1, 2, 3, …: multiples of the base point of secp256k1
library Curve {
    uint256 internal constant X = 0x79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798;
    uint256 internal constant Y = 0x483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8;
    uint256 private constant P = 2 ** 256 - 2 ** 32 - 977;

    /// @notice The point after (x, y): the base point is added.
    function next(uint256 x, uint256 y) internal view returns (uint256 x3, uint256 y3) {
        // slope of the chord, or of the tangent at the base point itself
        uint256 slope =
            x == X
                ? mulmod(mulmod(3, mulmod(x, x, P), P), _inverse(mulmod(2, y, P)), P)
                : mulmod(addmod(Y, P - y, P), _inverse(addmod(X, P - x, P)), P);
        x3 = addmod(mulmod(slope, slope, P), P - x, P);
        x3 = addmod(x3, P - X, P);
        y3 = addmod(mulmod(slope, addmod(x, P - x3, P), P), P - y, P);
    }

    /// @dev a^(P − 2), by Fermat; precompile 5 is modular exponentiation.
    function _inverse(uint256 a) private view returns (uint256) {
        bytes memory input = abi.encode(32, 32, 32, a, P - 2, P);
        (bool success, bytes memory answer) = address(5).staticcall(input);
        require(success, "modexp");
        return abi.decode(answer, (uint256));
    }
}
