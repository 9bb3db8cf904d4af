// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Packed} from "./Packed.sol";

/// @title Strict secp256k1 signatures: 65 bytes r ‖ s ‖ v, s in the lower half of the order, v 27 or 28
library Signature {
    using Packed for bytes;

    uint256 internal constant LENGTH = 65;
    uint256 private constant HALF_ORDER = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0;

    /// @notice The signer, or 0 if the signature is malformed in any way.
    /// @dev Warning: callers must refuse 0.
    function signer(bytes32 digest, bytes calldata signature) internal pure returns (address) {
        if (signature.length != LENGTH) return address(0);
        bytes32 s = signature.word(32);
        if (uint256(s) > HALF_ORDER) return address(0);
        // answers 0 unless v is 27 or 28
        return ecrecover(digest, signature.u8(64), signature.word(0), s);
    }
}
