// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Bundles of code, kept on chain by the hash of their bytes
/// @notice Keeps bundles for as long as the chain lasts. A bundle is 1 … 98,300 bytes, named by their keccak256: whoever
/// reads it needs to trust neither its author nor this contract. Its bytes are the code of one data contract, behind a
/// leading STOP, or of up to four. There is no owner, nothing changes and nothing is removed.
/// @dev A reader asks for the code of `partsOf(id)` without its first byte, joins it in order, and hashes what it has.
interface IBundleStore {
    /// @notice `author` published the bundle, as its first author or a later one.
    /// @dev Who is first is no sign of who wrote it: bytes on their way to the chain can be copied and overtake. So an author
    /// is who stands by a bundle, there may be several, and nobody can keep another from being one.
    /// @param id keccak256 of all bytes
    /// @param author the caller; trust those whom you know, not those who came first
    /// @param parts the data contracts, in order
    event Published(bytes32 indexed id, address indexed author, address[] parts);

    /// @notice The author has published this bundle before.
    error AlreadyPublished(bytes32 id, address author);

    /// @notice The part is no bundle of one data contract that is full, or, as the last one, of any length.
    /// @param part its id
    /// @param length its bytes; 0 if it is not here or has several parts itself
    /// @param expected bytes of a full part
    error NotAPart(bytes32 part, uint256 length, uint256 expected);

    /// @notice The data contract could not be created.
    error NotStored();

    /// @notice Publishes a bundle that fits one data contract. If the bytes are here already, the caller becomes an author of
    /// them and pays for nothing else.
    /// @param bundle 1 … 24,575 bytes
    /// @return pointer the data contract
    function publish(bytes calldata bundle) external returns (address pointer);

    /// @notice Publishes a longer bundle, whose parts are published already, by anybody.
    /// @dev The id is computed here over the parts' bytes, so that parts cannot be passed for those of another bundle. All
    /// parts but the last are full: a bundle can be cut in one way only.
    /// @param parts ids of 2 … 4 bundles of one data contract each, in order
    /// @return id keccak256 of all bytes
    function publishParts(bytes32[] calldata parts) external returns (bytes32 id);

    /// @notice Data contracts of a bundle, in order; none if it is not here.
    function partsOf(bytes32 id) external view returns (address[] memory);

    /// @notice The bytes of a bundle; none if it is not here. For a call, not for a transaction.
    function read(bytes32 id) external view returns (bytes memory);

    /// @notice Whether somebody has published this bundle.
    function isAuthor(bytes32 id, address author) external view returns (bool);
}
