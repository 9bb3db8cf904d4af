// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ITaskBoard} from "../../contracts/interfaces/ITaskBoard.sol";
import {Headers} from "./Headers.sol";
import {Life} from "./Life.sol";
import {vm} from "./Vm.sol";

/// @title Tasks up to their cluster, and ledger events
abstract contract TaskHandler is Life {
    uint256 internal constant TASKS_MAX = 6;
    /// @dev Bytes of one member in the snapshot.
    uint256 private constant MEMBER = 42;

    /// @dev Has no account, ever.
    address private constant STRANGER = address(0x57a196e2);

    constructor() {
        _outsiders.push(STRANGER);
        for (uint256 i = 0; i < 2; ++i) {
            address client = address(uint160(0xc11e00 + i));
            _clients.push(client);
            vm.prank(client);
            token.approve(address(board), type(uint256).max);
        }
    }

    function publish(uint256 seed) external dice(seed) {
        if (_tasks.length >= TASKS_MAX) return;
        ITaskBoard.TaskParams memory p = _params();
        if (_chance(5)) _upset();
        _publish(_clients[_pick(_clients.length)], p);
    }

    /// @notice Whatever the fuzzer finds for the numbers of a task: accepted, or refused by a typed error.
    function publishWild(
        uint256 seed,
        uint128[4] calldata amounts,
        uint64[2] calldata blocks,
        uint32[6] calldata times,
        uint16[5] calldata sizes,
        uint8[2] calldata nodes
    ) external dice(seed) {
        if (_tasks.length >= TASKS_MAX || _pick(3) != 0) return;
        ITaskBoard.TaskParams memory p = _params();
        // one in three of the fuzzer's numbers, the rest as it should be
        if (_pick(3) == 0) p.stakePerNode = amounts[0];
        if (_pick(3) == 0) p.rewardPerHeight = amounts[1];
        if (_pick(3) == 0) p.checkpointFee = amounts[2];
        if (_pick(3) == 0) p.formGasPrice = uint64(amounts[3]);
        if (_pick(3) == 0) p.joinDeadline = blocks[0];
        if (_pick(3) == 0) p.endBlock = blocks[1];
        if (_pick(3) == 0) p.stallBlocks = times[0];
        if (_pick(3) == 0) p.turnBlocks = times[1];
        if (_pick(3) == 0) p.debateTicks = times[2];
        if (_pick(3) == 0) p.heights = sizes[0];
        if (_pick(3) == 0) p.epochHeights = sizes[1];
        if (_pick(3) == 0) p.stateCap = sizes[2];
        if (_pick(3) == 0) p.inputCap = sizes[2];
        if (_pick(3) == 0) p.minNodes = nodes[0];
        if (_pick(3) == 0) p.maxNodes = nodes[1];
        _publish(_clients[_pick(_clients.length)], p);
    }

    function signUp(uint256 seed) external dice(seed) {
        uint256 task = _find(ITaskBoard.Status.Open);
        if (task == _tasks.length) return;
        for (uint256 key = 0; key < _keys.length; ++key) if (_chance(70)) _join(task, key);
    }

    function quit(uint256 seed) external dice(seed) {
        uint256 task = _find(ITaskBoard.Status.Open);
        if (task == _tasks.length) return;
        uint256 key = _pickLocked(task);
        uint256 amount = lockOf[task][key];
        bytes memory data = abi.encodeCall(ITaskBoard.quit, (_id(task), _keys[key].account));
        (bool success, ) = _act(_keys[key].account, address(board), data);
        if (success != (amount != 0 && block.number <= _tasks[task].joinDeadline)) _break(12, "quitting");
        if (!success) return;
        --_tasks[task].signups;
        if (_tasks[task].joinDeadline - block.number < 2 * REORG_DEPTH) {
            _lose(task, key, _ceil(amount));
            burnt += _ceil(amount);
            _operators[_keys[key].operator].quitting += _ceil(amount);
            _did("late quit");
        }
        _unlocked(task, key);
        _did("quit");
    }

    function form(uint256 seed) external dice(seed) {
        uint256 task = _find(ITaskBoard.Status.Open);
        if (task == _tasks.length) return;
        Task storage t = _tasks[task];
        bytes memory header = _headerOfSeed(t.joinDeadline + REORG_DEPTH);
        bytes memory data = abi.encodeCall(ITaskBoard.form, (_id(task), header, ""));
        (address caller, address former) = _pickFormer();
        (bool success, ) = _act(caller, address(board), data);
        if (!success) return;
        if (t.price != 0) {
            t.former = former;
            _did(former == caller ? "drawing by itself" : "drawing by key");
        }
        if (header.length == 0) _break(6, "drawn without its seed");
        if (block.number <= t.joinDeadline + REORG_DEPTH) _break(6, "drawn before its seed");
        ITaskBoard.TaskView memory view_ = board.task(_id(task));
        (t.formBlock, t.lastBlock, t.cluster) = (block.number, block.number, view_.cluster);
        (, , t.seed) = board.reductionOf(_id(task));
        _readSeats(task, view_.snapshot.code);
        if (t.seats.length != view_.members) _break(3, "seats");
        if (t.revokedBlock != 0) t.heights = 0;
        _did("form");
    }

    function revoke(uint256 seed) external dice(seed) {
        bool isOpen = _chance(50);
        uint256 task = _find(isOpen ? ITaskBoard.Status.Open : ITaskBoard.Status.Active);
        if (task == _tasks.length || !_chance(30)) return;
        Task storage t = _tasks[task];
        address sender = _chance(80) ? t.client : address(this);
        // a line revokes nothing
        if (sender == address(line)) return;
        (bool success, ) = _act(sender, address(board), abi.encodeCall(ITaskBoard.revoke, (_id(task))));
        if (success != (sender == t.client && t.revokedBlock == 0)) _break(18, "revoking");
        if (!success) return;
        t.revokedBlock = block.number;
        if (t.formBlock != 0) (t.endBlock, t.isCut) = (block.number, true);
        _did(t.formBlock == 0 ? "revoke" : "revoke while running");
    }

    function postEvent(uint256 seed) external dice(seed) {
        uint256 task = _find(_pick(4) == 0 ? ITaskBoard.Status.Open : ITaskBoard.Status.Active);
        if (task == _tasks.length) return;
        Task storage t = _tasks[task];
        // nor does it post events
        if (t.client == address(line)) return;
        bytes memory body = abi.encode(seed);
        bytes memory data = abi.encodeCall(ITaskBoard.postEvent, (_id(task), body));
        (bool success, ) = _act(t.client, address(board), data);
        if (!success) return;
        _note(task, 0, t.client, body);
        _did("postEvent");
    }

    /// @dev Who draws: a signing key or a wallet for its operator's account, a client, or a stranger for itself.
    function _pickFormer() private returns (address caller, address former) {
        uint256 kind = _pick(4);
        if (kind == 0) return (_clients[0], _clients[0]);
        if (kind == 1) return (STRANGER, STRANGER);
        Key storage k = _keys[_pick(_keys.length)];
        former = _operators[k.operator].account;
        caller = kind == 2 ? k.account : _operators[k.operator].wallet;
    }

    /// @dev Header of the seed block; empty if the block cannot be proved now, and once in a while although it can.
    function _headerOfSeed(uint256 seedBlock) private returns (bytes memory) {
        if (block.number <= seedBlock || block.number > seedBlock + 256 || _chance(5)) return "";
        return Headers.prove(seedBlock, keccak256(abi.encode("seed", seedBlock)));
    }

    /// @dev A ledger event that was appended.
    function _note(uint256 task, uint8 kind, address originator, bytes memory data) internal {
        Posted[] storage events = _tasks[task].events;
        bytes32 rolling = _rollingAt(task, events.length);
        rolling = keccak256(abi.encodePacked(rolling, kind, originator, keccak256(data)));
        events.push(Posted(kind, originator, data, rolling));
    }

    /// @dev 0 for events that were not posted.
    function _rollingAt(uint256 task, uint256 seq) internal view returns (bytes32) {
        Posted[] storage events = _tasks[task].events;
        return seq == 0 || seq > events.length ? bytes32(0) : events[seq - 1].rolling;
    }

    /// @dev A key that holds a lock, looked for from a random one on; any if there is none.
    function _pickLocked(uint256 task) internal returns (uint256 key) {
        key = _pick(_keys.length);
        for (uint256 i = 0; i < _keys.length && lockOf[task][key] == 0; ++i) key = (key + 1) % _keys.length;
    }

    function _join(uint256 task, uint256 key) private {
        Task storage t = _tasks[task];
        Key storage k = _keys[key];
        bool byKey = _chance(50);
        bool isOther = _chance(2);
        bytes32 terms = _termsOf(task);
        if (isOther) terms = bytes32(uint256(terms) ^ 1);
        bytes memory data = abi.encodeCall(ITaskBoard.join, (_id(task), k.account, terms));
        address sender = byKey ? k.account : _operators[k.operator].wallet;
        (bool success, ) = _act(sender, address(board), data);
        if (!success) return;
        if (isOther) _break(19, "a sign-up agreed to other terms");
        if (!_isWelcome(k)) _break(6, "a refused key signed up");
        if (lockOf[task][key] != 0) _break(4, "locked twice");
        lockOf[task][key] = t.stake;
        _sentByKey[task][key] = byKey;
        if (byKey) {
            k.running += t.stake;
            if (t.stake > k.perTask || k.running > k.total) _break(19, "a key locked more than it may");
            _did("join by key");
        }
        ++t.signups;
        _did("join");
    }

    /// @dev As a client of the contracts works them out, from what was published.
    function _termsOf(uint256 task) private view returns (bytes32) {
        Task storage t = _tasks[task];
        bytes32 twinCodeHash = t.provable ? _TWIN.codehash : bytes32(0);
        bytes32 paramsHash = keccak256(t.params);
        return
            keccak256(
                abi.encode(block.chainid, address(board), _id(task), t.client, paramsHash, twinCodeHash)
            );
    }

    function _readSeats(uint256 task, bytes memory code) private {
        uint256 total = 0;
        uint256[] memory held = new uint256[](_operators.length);
        uint256 n = (code.length - 1) / MEMBER;
        for (uint256 i = 0; i < n; ++i) {
            uint256 start = 1 + i * MEMBER;
            (uint256 account, uint256 owner) = (_number(code, start, 20), _number(code, start + 20, 20));
            total += _number(code, start + 40, 2);
            uint256 key = _keyOf(address(uint160(account)));
            Key storage k = _keys[key];
            bool wasActive = k.inactiveSince == 0 || k.inactiveSince > _tasks[task].joinDeadline;
            if (!wasActive) _break(6, "a key was drawn that was inactive at the deadline");
            if (lockOf[task][key] == 0) _break(6, "a key was drawn that has nothing locked");
            if (_operators[k.operator].account != address(uint160(owner))) _break(3, "owner of a seat");
            if (3 * ++held[k.operator] >= n) _break(3, "an operator with a third of the seats");
            for (uint256 j = 0; j < i; ++j) if (_tasks[task].seats[j].key == key) _break(3, "two seats");
            _tasks[task].seats.push(Seat(key, 0, 0, 0, false, false));
        }
        if (total != n || n < _tasks[task].minNodes) _break(3, "weights do not add up to the seats");
    }

    function _publish(address client, ITaskBoard.TaskParams memory p) private {
        token.faucet(client, 2 ** 128);
        uint256 before = token.balanceOf(address(board));
        (bool success, ) = _act(client, address(board), abi.encodeCall(ITaskBoard.publish, (p)));
        if (!success) return;
        _record(client, p, token.balanceOf(address(board)) - before);
        _did("publish");
    }

    /// @dev A task that was published.
    function _record(address client, ITaskBoard.TaskParams memory p, uint256 escrow) internal {
        Task storage t = _tasks.push();
        t.client = client;
        t.params = abi.encode(p);
        t.escrow = escrow;
        (t.stake, t.reward, t.fee) = (p.stakePerNode, p.rewardPerHeight, p.checkpointFee);
        t.price = p.formGasPrice;
        (t.minNodes, t.heights, t.epochHeights) = (p.minNodes, p.heights, p.epochHeights);
        (t.joinDeadline, t.endBlock) = (p.joinDeadline, p.endBlock);
        (t.stallBlocks, t.turnBlocks) = (p.stallBlocks, p.turnBlocks);
        (t.publishesInputs, t.provable) = (p.calldataInputs, p.twin != address(0));
    }

    /// @dev A small task of random shape.
    function _params() private returns (ITaskBoard.TaskParams memory p) {
        p.reducerParams = hex"00";
        p.twin = _chance(50) ? _TWIN : address(0);
        p.predecessor = _pick(_tasks.length + 1);
        p.minNodes = 4;
        p.maxNodes = uint8(_between(4, 9));
        p.heights = uint16(_between(1, 12));
        p.epochHeights = uint16(_between(1, 5));
        (p.stateCap, p.inputCap) = (64, 64);
        p.calldataInputs = _chance(20);
        p.stakePerNode = uint128(_between(1, 300));
        p.rewardPerHeight = uint128(_between(0, 1000));
        p.checkpointFee = uint128(_between(0, 100));
        p.formGasPrice = uint64(_between(0, 2));
        p.joinDeadline = uint64(block.number + _between(1, 20));
        p.endBlock = uint64(p.joinDeadline + REORG_DEPTH + _between(2, 300));
        p.turnBlocks = uint32(_between(1, 2));
        p.stallBlocks = uint32(4 * p.maxNodes * p.turnBlocks + _between(0, 100));
        p.maxEvents = uint16(_between(0, 3));
        (p.tickMs, p.debateTicks, p.shareTicks, p.confirmTicks, p.helloTicks) = (1, 1, 1, 1, 1);
        p.reporters = new address[](0);
    }

    function _isWelcome(Key storage k) private view returns (bool) {
        return k.inactiveSince == 0 && block.number > _operators[k.operator].jailedUntil;
    }

    function _keyOf(address account) internal view returns (uint256 key) {
        while (_keys[key].account != account) ++key;
    }

    function _number(bytes memory data, uint256 start, uint256 length) private pure returns (uint256 result) {
        for (uint256 i = 0; i < length; ++i) result = (result << 8) | uint8(data[start + i]);
    }
}
