// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Digests} from "./Digests.sol";
import {Domain} from "./Domain.sol";
import {Packed} from "./Packed.sol";
import {Signature} from "./Signature.sol";
import {Snapshot} from "./Snapshot.sol";

/// @title Checkpoint signatures of more than 2/3 of the registered weight
library Certificate {
    using Packed for bytes;
    using Snapshot for bytes;

    uint256 private constant EXCEPTION = 41;
    uint256 private constant HALF_ORDER = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0;

    /// @notice The bitmap names a seat that does not exist.
    error StrangerInBitmap(uint256 bitmap, uint256 members);

    /// @notice 65 bytes per signer.
    error SignaturesLength(uint256 given, uint256 expected);

    /// @notice Exceptions are 41 bytes each, ascending, and only for signers.
    /// @param offset where the first one is that is not the exception of a later signer
    error BadException(uint256 offset, uint256 length);

    /// @notice A signature is malformed or by another key.
    /// @param signer who signed, 0 if malformed
    error BadSignature(uint256 member, address signer, address key);

    /// @notice The signers' weight is not above 2/3 of all.
    error BelowQuorum(uint256 weight, uint256 total);

    /// @notice What the signers say. All but the exceptions signed the shared log head.
    struct Statement {
        bytes32 separator;
        bytes32 cluster;
        uint64 height;
        bytes32 root;
        uint64 sharedSeq;
        bytes32 sharedHead;
        bytes32 inputsHash;
    }

    /// @dev The first four words are what `ecrecover` is called with; then where in calldata the next signature starts,
    /// weight of the signers so far, weight of all members so far, and who they are. `_scan` knows this layout.
    struct Scan {
        bytes32 digest;
        uint256 v;
        bytes32 r;
        bytes32 s;
        uint256 signatureAt;
        uint256 signed;
        uint256 total;
        uint256 bitmap;
        bytes members;
    }

    /// @notice 3 · weight > 2 · total, and total > 0.
    function isQuorum(uint256 weight, uint256 total) internal pure returns (bool) {
        unchecked {
            // weights are sums of at most 128 numbers of 16 bits
            return total > 0 && 3 * weight > 2 * total;
        }
    }

    /// @notice Reverts unless every member in `bitmap` signed the statement, with its own log head where `exceptions`
    /// gives one, and the members are a quorum.
    /// @dev One pass over all seats in order, so that no member counts twice: runs of members with the shared log head,
    /// and between them the exceptions.
    /// @return weight of the signers
    function verify(
        Statement memory s,
        bytes memory members,
        uint256 bitmap,
        bytes calldata exceptions,
        bytes calldata signatures
    ) internal view returns (uint256) {
        uint256 n = members.count();
        if (bitmap >> n != 0) revert StrangerInBitmap(bitmap, n);
        uint256 expected = Signature.LENGTH * _countBits(bitmap);
        if (signatures.length != expected) revert SignaturesLength(signatures.length, expected);
        if (exceptions.length % EXCEPTION != 0) revert BadException(0, exceptions.length);

        bytes32 shared = _digest(s, s.sharedSeq, s.sharedHead);
        Scan memory scan;
        (scan.bitmap, scan.members) = (bitmap, members);
        assembly ("memory-safe") {
            mstore(add(scan, 128), signatures.offset)
        }
        uint256 next = 0;
        for (uint256 i = 0; i < exceptions.length; i += EXCEPTION) {
            uint256 member = exceptions.u8(i);
            if (member < next || (bitmap >> member) & 1 == 0) revert BadException(i, exceptions.length);
            scan.digest = shared;
            _scan(scan, next, member);
            next = member + 1;
            scan.digest = _digest(s, exceptions.u64(i + 1), exceptions.word(i + 9));
            _scan(scan, member, next);
        }
        scan.digest = shared;
        _scan(scan, next, n);
        if (!isQuorum(scan.signed, scan.total)) revert BelowQuorum(scan.signed, scan.total);
        return scan.signed;
    }

    /// @dev Goes over members i … end − 1; those in the bitmap must have signed `scan.digest`.
    /// In assembly for the gas of up to 128 signatures: `ecrecover` on the calldata bytes, one buffer for all.
    /// The recovered address starts as all ones, which is no key, and stays so for a malformed signature: high s, or one
    /// that `ecrecover` answers with nothing, as it does unless v is 27 or 28. So a key of zero never matches either.
    /// Warning: offsets are unchecked; `verify` has matched the lengths with the bitmap.
    function _scan(Scan memory scan, uint256 i, uint256 end) private view {
        uint256 seat = scan.members.seat(i);
        assembly ("memory-safe") {
            let signature := mload(add(scan, 128))
            let signed := mload(add(scan, 160))
            let total := mload(add(scan, 192))
            for {} lt(i, end) {
                i := add(i, 1)
            } {
                let weight := shr(240, mload(add(seat, 40)))
                total := add(total, weight)
                if and(shr(i, mload(add(scan, 224))), 1) {
                    signed := add(signed, weight)
                    mstore(add(scan, 32), byte(0, calldataload(add(signature, 64))))
                    calldatacopy(add(scan, 64), signature, 64)
                    mstore(0x00, not(0))
                    if iszero(gt(mload(add(scan, 96)), HALF_ORDER)) {
                        pop(staticcall(gas(), 1, scan, 128, 0x00, 32))
                    }
                    if xor(mload(0x00), shr(96, mload(seat))) {
                        mstore(scan, mload(0x00))
                        break
                    }
                    signature := add(signature, 65)
                }
                seat := add(seat, 42)
            }
            mstore(add(scan, 128), signature)
            mstore(add(scan, 160), signed)
            mstore(add(scan, 192), total)
        }
        if (i < end) {
            bool malformed = scan.digest == bytes32(type(uint256).max);
            address signer = malformed ? address(0) : address(uint160(uint256(scan.digest)));
            revert BadSignature(i, signer, scan.members.key(i));
        }
    }

    function _digest(Statement memory s, uint64 logSeq, bytes32 logHead) private pure returns (bytes32) {
        return
            Domain.digest(
                s.separator,
                Digests.checkpoint(s.cluster, s.height, s.root, logSeq, logHead, s.inputsHash)
            );
    }

    /// @dev Adds neighbouring bits, pairs, nibbles and bytes. At most 255 bits: seats are fewer.
    function _countBits(uint256 x) private pure returns (uint256) {
        unchecked {
            x -= (x >> 1) & (type(uint256).max / 3);
            x = (x & (type(uint256).max / 5)) + ((x >> 2) & (type(uint256).max / 5));
            x = (x + (x >> 4)) & (type(uint256).max / 17);
            return (x * (type(uint256).max / 255)) >> 248;
        }
    }
}
