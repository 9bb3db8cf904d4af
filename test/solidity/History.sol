// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IReducer} from "../../contracts/interfaces/IReducer.sol";
import {Digests} from "../../contracts/libraries/Digests.sol";
import {LogChain} from "../../contracts/libraries/LogChain.sol";
import {TaskHandler} from "./TaskHandler.sol";

/// @title What honest members decide at a height, and log
abstract contract History is TaskHandler {
    uint256 internal constant ENTRIES_PER_HEIGHT = 4;

    /// @notice Head of every honest member's log after a height.
    function headAt(uint256 task, uint256 height) public view returns (bytes32 head) {
        Task storage t = _tasks[task];
        if (t.formBlock == 0) return 0;
        uint256 epoch = (height - 1) / t.epochHeights;
        head = LogChain.headZero(t.cluster, uint64(epoch));
        for (uint256 h = epoch * t.epochHeights + 1; h <= height; ++h) {
            for (uint256 i = 1; i <= ENTRIES_PER_HEIGHT; ++i) {
                head = LogChain.nextHead(head, _entry((_seqAt(t, h - 1) % _perEpoch(t)) + i, i, h));
            }
        }
    }

    /// @dev One turn of a node's log: IDLE → SHARE → IDLE → DEBATE → IDLE.
    function _entry(uint256 seq, uint256 i, uint256 height) internal pure returns (LogChain.Entry memory) {
        uint8[4] memory from = [2, 3, 2, 1];
        uint8[4] memory event_ = [4, 6, 3, 2];
        uint8[4] memory to = [3, 2, 1, 2];
        --i;
        return LogChain.Entry(uint64(seq), from[i], event_[i], to[i], uint64(height), 0, bytes32(height));
    }

    function _seqAt(Task storage t, uint256 height) internal view returns (uint256) {
        if (height == 0 || t.formBlock == 0) return 0;
        return ENTRIES_PER_HEIGHT * (((height - 1) % t.epochHeights) + 1);
    }

    function _perEpoch(Task storage t) private view returns (uint256) {
        return ENTRIES_PER_HEIGHT * t.epochHeights;
    }

    /// @dev What the honest decide at a height: fixed when it is first needed.
    function _decide(uint256 task, uint256 height) internal returns (Height storage h) {
        h = _decided[task][height];
        if (h.root != 0) return h;
        Task storage t = _tasks[task];
        bool isFirst = height == 1;
        Height storage before = _decided[task][height - 1];
        h.eventSeq = _chance(50) ? t.events.length : before.eventSeq;
        h.list = _drawList(t.seats.length);
        h.stateHash = keccak256(_stateAt(task, height));
        bytes32 root = isFirst ? Digests.rootZero(t.cluster) : before.root;
        h.inputsRoot = _inputsRootAt(task, height, root);
        h.parent = root;
        h.root = Digests.nextRoot(root, _valueOf(task, h));
    }

    function _valueOf(uint256 task, Height memory h) internal view returns (bytes32) {
        bytes32 rolling = _rollingAt(task, h.eventSeq);
        return Digests.value(h.stateHash, h.inputsRoot, h.list, uint64(h.eventSeq), rolling);
    }

    /// @dev In a provable task what the twin gives, else anything.
    function _stateAt(uint256 task, uint256 height) internal view returns (bytes memory) {
        Task storage t = _tasks[task];
        if (!t.provable) return abi.encode(task, height);
        IReducer.Event[] memory events = new IReducer.Event[](_decided[task][height].eventSeq);
        for (uint256 i = 0; i < events.length; ++i) {
            events[i] = IReducer.Event(t.events[i].kind, t.events[i].data);
        }
        uint256[] memory listed = _listedAt(task, height);
        IReducer.Input[] memory inputs = new IReducer.Input[](listed.length);
        for (uint256 i = 0; i < inputs.length; ++i)
            inputs[i] = IReducer.Input(uint8(listed[i]), _inputOf(height, listed[i]));
        IReducer.Member[] memory members = new IReducer.Member[](t.seats.length);
        for (uint256 i = 0; i < members.length; ++i) {
            members[i] = IReducer.Member(_keys[t.seats[i].key].account, 1);
        }
        IReducer.Context memory context = IReducer.Context(t.seed, uint64(height), members, "");
        return IReducer(_TWIN).aggregate(hex"00", context, inputs, events);
    }

    function _inputsRootAt(uint256 task, uint256 height, bytes32 parent) private view returns (bytes32) {
        Task storage t = _tasks[task];
        uint256[] memory listed = _listedAt(task, height);
        bytes32[] memory hashes = new bytes32[](listed.length);
        for (uint256 i = 0; i < hashes.length; ++i) {
            bytes32 stateHash = keccak256(_inputOf(height, listed[i]));
            hashes[i] = Digests.status(t.cluster, uint64(height), parent, stateHash, 0);
        }
        return Digests.inputsRoot(_decided[task][height].list, hashes);
    }

    /// @dev Everybody, mostly; else as few as a quorum can spare are missing.
    function _drawList(uint256 n) internal returns (uint256 list) {
        list = (1 << n) - 1;
        if (n == 0 || _chance(60)) return list;
        uint256 absent = _pick(n - (2 * n) / 3);
        uint256 start = _pick(n);
        for (uint256 i = 0; i < absent; ++i) list ^= 1 << ((start + i) % n);
        if (absent != 0) _did("short list");
    }

    /// @dev The seats in the list of a height, ascending.
    function _listedAt(uint256 task, uint256 height) private view returns (uint256[] memory seats) {
        uint256 n = _tasks[task].seats.length;
        uint256 list = _decided[task][height].list;
        uint256 count = 0;
        seats = new uint256[](n);
        for (uint256 i = 0; i < n; ++i) {
            if ((list >> i) & 1 == 0) continue;
            seats[count] = i;
            ++count;
        }
        assembly ("memory-safe") {
            mstore(seats, count)
        }
    }

    function _inputOf(uint256 height, uint256 seat) internal pure returns (bytes memory) {
        return abi.encodePacked(uint64(height), uint8(seat));
    }
}
