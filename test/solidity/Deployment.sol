// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {HostileToken} from "../../contracts/dev/HostileToken.sol";
import {INodeRegistry} from "../../contracts/interfaces/INodeRegistry.sol";
import {IPhaseLog} from "../../contracts/interfaces/IPhaseLog.sol";
import {ISlasher} from "../../contracts/interfaces/ISlasher.sol";
import {ITaskBoard} from "../../contracts/interfaces/ITaskBoard.sol";
import {ITaskLine} from "../../contracts/interfaces/ITaskLine.sol";
import {Plans} from "./Plans.sol";
import {vm} from "./Vm.sol";

/// @title The contracts as they are compiled for deployment, wired to each other
abstract contract Deployment {
    uint256 internal constant TASK_BLOCKS_MAX = 400;
    uint256 internal constant CLOSE_GRACE = 10;
    uint256 internal constant EVIDENCE = 30;
    uint256 internal constant REORG_DEPTH = 6;
    uint256 internal constant JAIL = 50;
    uint256 internal constant UNBONDING = 500;
    uint256 internal constant BOUNTY = 12;
    /// @dev Who opened the line.
    address internal constant LINE_OWNER = address(0x11e0);

    HostileToken public immutable token;
    INodeRegistry public immutable registry;
    IPhaseLog public immutable log;
    ISlasher public immutable slasher;
    ITaskBoard public immutable board;
    ITaskLine public immutable line;
    address internal immutable _TWIN;

    constructor() {
        address next = vm.computeCreateAddress(address(this), vm.getNonce(address(this)) + 4);
        address token_ = _create("contracts/dev/HostileToken.sol:HostileToken", "");
        bytes memory wiring = abi.encode(token_, next, UNBONDING, 0, BOUNTY);
        address registry_ = _create("contracts/NodeRegistry.sol:NodeRegistry", wiring);
        address log_ = _create("contracts/PhaseLog.sol:PhaseLog", abi.encode(next, bytes32("nonce")));
        address slasher_ = _create("contracts/Slasher.sol:Slasher", abi.encode(next, log_));
        ITaskBoard.Windows memory w = ITaskBoard.Windows({
            taskBlocksMax: uint64(TASK_BLOCKS_MAX),
            closeGrace: uint64(CLOSE_GRACE),
            evidence: uint64(EVIDENCE),
            reorgDepth: uint64(REORG_DEPTH),
            jail: uint64(JAIL),
            taskSecondsMax: 0,
            graceSeconds: 0,
            evidenceSeconds: 0,
            seedDelaySeconds: 0,
            jailSeconds: 0
        });
        wiring = abi.encode(registry_, log_, slasher_, w);
        board = ITaskBoard(_create("contracts/TaskBoard.sol:TaskBoard", wiring));
        token = HostileToken(token_);
        registry = INodeRegistry(registry_);
        log = IPhaseLog(log_);
        slasher = ISlasher(slasher_);
        _TWIN = _create("contracts/dev/TestTwin.sol:TestTwin", "");
        wiring = abi.encode(board, LINE_OWNER, Plans.plan(0));
        line = ITaskLine(_create("contracts/TaskLine.sol:TaskLine", wiring));
    }

    function _create(string memory artifact, bytes memory arguments) private returns (address created) {
        bytes memory code = abi.encodePacked(vm.getCode(artifact), arguments);
        assembly ("memory-safe") {
            created := create(0, add(code, 32), mload(code))
        }
        require(created != address(0), artifact);
    }
}
