// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Laws} from "./Laws.sol";

/// @title All invariants in one campaign, and a proof that the handlers get everywhere
contract Campaign is Laws {
    uint256 private constant STEPS = 3600;
    /// @dev Calls from one deployment on, as in a run of the fuzzer.
    uint256 private constant DEPTH = 150;
    /// @dev Looking costs twenty times what the call costs, and what is broken stays broken.
    uint256 private constant LOOK_EVERY = 32;

    error HandlerReverted(bytes4 deed, uint256 seed, bytes reason);

    string[] private _must = [
        "withdraw",
        "rotate",
        "freeze",
        "join",
        "join by key",
        "setAllowance",
        "setPayout",
        "offer",
        "accept",
        "haunt",
        "quit",
        "form",
        "postEvent",
        "revoke",
        "revoke while running",
        "checkpoint",
        "late checkpoint",
        "checkpoint refused",
        "lie with a quorum",
        "fee",
        "burnt",
        "short list",
        "finalize",
        "E1",
        "E1b",
        "E2",
        "E2 fork",
        "E3",
        "E4",
        "conviction",
        "repeat",
        "framing",
        "correlated penalty",
        "late quit",
        "drawing by itself",
        "drawing by key",
        "form fee",
        "claim",
        "release",
        "withdrawCredit",
        "donate",
        "fund",
        "renew",
        "renew after a loss",
        "renew from a result",
        "another plan",
        "collect",
        "close",
        "emptied",
        "reenter"
    ];

    mapping(string deed => uint256 count) private _done;

    function invariant_all_of_I1_to_I21() external view {
        if (_h.calls() % LOOK_EVERY == 0) _all();
    }

    function afterInvariant() public override {
        _all();
        super.afterInvariant();
    }

    /// @dev Else the invariants would hold because nothing ever happens.
    function test_the_handlers_get_everywhere() external {
        bytes4[] memory deeds = _deeds();
        for (uint256 i = 0; i < STEPS; ++i) {
            uint256 seed = uint256(keccak256(abi.encode("step", i)));
            // numbers for the one deed that takes more
            bytes memory call = abi.encodePacked(deeds[seed % deeds.length], seed, new bytes(32 * 19));
            // solhint-disable-next-line avoid-low-level-calls
            (bool success, bytes memory reason) = address(_h).call(call);
            if (!success) revert HandlerReverted(bytes4(call), seed, reason);
            if (i % DEPTH == DEPTH - 1) {
                afterInvariant();
                _collect();
                _deploy();
            }
        }
        string memory never = "";
        for (uint256 i = 0; i < _must.length; ++i) {
            if (_done[_must[i]] == 0) never = string.concat(never, _must[i], ", ");
        }
        _require(bytes(never).length == 0, 0, never);
    }

    function _collect() private {
        for (uint256 i = 0; i < _must.length; ++i) _done[_must[i]] += _h.done(_must[i]);
    }
}
