// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Deployment} from "./Deployment.sol";
import {vm} from "./Vm.sol";

/// @title What must be true, counted a second time beside the contracts, and the acting of everybody
abstract contract Ghost is Deployment {
    struct Tranche {
        uint256 amount;
        uint256 endsAt;
    }

    /// @param account its id; `wallet` acts for it, `payout` is paid (0: the wallet), `offer` may take it over
    /// @param past wallets that acted for it before
    /// @param honest its keys sign by the protocol alone
    /// @param slashed taken from its locks, by proofs and for late quits
    /// @param quitting the part for late quits, which it chose itself
    struct Operator {
        address account;
        address wallet;
        address payout;
        address offer;
        address[] past;
        bool honest;
        uint256 jailedUntil;
        uint256 deposited;
        uint256 withdrawn;
        uint256 slashed;
        uint256 quitting;
        Tranche[] tranches;
    }

    /// @param perTask allowance of the key by itself: most per sign-up, what is left in total, what is locked of it
    /// @param lost slashed of locks that the key has sent, since the allowance was set
    /// @param atRisk what the operator put at risk when it set the allowance
    struct Key {
        uint256 secret;
        address account;
        uint256 operator;
        uint256 inactiveSince;
        uint256 perTask;
        uint256 total;
        uint256 running;
        uint256 lost;
        uint256 atRisk;
    }

    /// @notice A seat, and what it was counted.
    struct Seat {
        uint256 key;
        uint256 covered;
        uint256 feeUnits;
        uint256 percent;
        bool correlated;
        bool convicted;
    }

    /// @notice A ledger event, and the rolling hash up to it.
    struct Posted {
        uint8 kind;
        address originator;
        bytes data;
        bytes32 rolling;
    }

    struct Height {
        bytes32 stateHash;
        bytes32 inputsRoot;
        uint256 list;
        uint256 eventSeq;
        bytes32 parent;
        bytes32 root;
    }

    /// @param burnt what nobody earned of accepted heights and due fees, once it is booked
    /// @param former who is paid for the drawing: an operator's account, or who is none; 0: nobody
    /// @param formerPaid the fee for the drawing was claimed
    /// @param heights 0 once a cluster was drawn for a task that had been revoked
    struct Task {
        address client;
        bytes params;
        uint256 escrow;
        uint256 paid;
        uint256 burnt;
        uint256 feesDue;
        bool settled;
        uint256 stake;
        uint256 reward;
        uint256 fee;
        uint256 price;
        address former;
        bool formerPaid;
        uint256 minNodes;
        uint256 heights;
        uint256 epochHeights;
        uint256 joinDeadline;
        uint256 endBlock;
        uint256 stallBlocks;
        uint256 turnBlocks;
        bool publishesInputs;
        bool provable;
        uint256 signups;
        uint256 revokedBlock;
        bool isCut;
        uint256 formBlock;
        bytes32 cluster;
        bytes32 seed;
        uint256 last;
        uint256 lastBlock;
        uint256 grace;
        bool lied;
        bool clientPaid;
        Posted[] events;
        Seat[] seats;
    }

    Operator[] internal _operators;
    Key[] internal _keys;
    Task[] internal _tasks;
    address[] internal _clients;
    /// @dev Who may be owed something without an account: a stranger, and reporters that had none when they reported.
    address[] internal _outsiders;
    mapping(address outsider => bool known) internal _isOutside;
    mapping(uint256 task => mapping(uint256 key => uint256 amount)) public lockOf;
    mapping(uint256 task => mapping(uint256 key => uint256 amount)) public takenOf;
    mapping(uint256 task => mapping(uint256 key => bool byKey)) internal _sentByKey;
    mapping(uint256 task => mapping(uint256 height => Height)) internal _decided;
    mapping(uint256 task => mapping(uint256 operator => bool paid)) internal _paidTo;
    mapping(address account => uint256 amount) public creditOf;
    uint256 public burnt;
    uint256 public burntPay;
    uint256 public slashed;
    uint256 public creditsPaid;
    uint256 public donatedToBoard;
    uint256 public donatedToRegistry;
    /// @notice What the line holds and has not spent, and what was sent to it without `fund`.
    uint256 public budget;
    uint256 public donatedToLine;

    /// @notice The first violation of an invariant that was seen while acting, by the invariant's number.
    mapping(uint256 invariant => string what) public broken;
    /// @notice How often a thing was done with success: a fuzzer that never gets there proves nothing.
    mapping(string deed => uint256 count) public done;

    uint256 private _dice;
    uint256 public calls;
    bool private _moody;

    /// @dev Every entry point draws its choices from the seed; the count of calls makes small seeds differ.
    modifier dice(uint256 seed) {
        _dice = uint256(keccak256(abi.encode(seed, ++calls)));
        _;
        _calm();
    }

    function _pick(uint256 below) internal returns (uint256) {
        _dice = uint256(keccak256(abi.encode(_dice)));
        return below == 0 ? 0 : _dice % below;
    }

    function _chance(uint256 percent) internal returns (bool) {
        return _pick(100) < percent;
    }

    /// @dev min … max, often one of both
    function _between(uint256 min, uint256 max) internal returns (uint256) {
        uint256 kind = _pick(6);
        if (kind == 0 || max <= min) return min;
        return kind == 1 ? max : min + _pick(max - min + 1);
    }

    /// @dev A call in somebody's name. It may be refused, but by a typed error (I16).
    function _act(
        address sender,
        address target,
        bytes memory data
    ) internal returns (bool success, bytes memory answer) {
        vm.prank(sender);
        // refusals are results here
        // solhint-disable-next-line avoid-low-level-calls
        (success, answer) = target.call(data);
        if (success) return (success, answer);
        if (answer.length < 4) _refused(16, "an empty revert in a call of", data);
        else if (bytes4(answer) == bytes4(0x4e487b71)) _refused(16, "a panic in a call of", data);
    }

    /// @dev A lock that became free stake again.
    function _unlocked(uint256 task, uint256 key) internal {
        if (_sentByKey[task][key]) _keys[key].running -= lockOf[task][key];
        lockOf[task][key] = 0;
    }

    function _break(uint256 invariant, string memory what) internal {
        if (bytes(broken[invariant]).length == 0) broken[invariant] = what;
    }

    /// @dev A refusal that should not have been, with the selector of its error.
    function _refused(uint256 invariant, string memory what, bytes memory reason) internal {
        bytes memory digits = "0123456789abcdef";
        bytes memory selector = new bytes(8);
        for (uint256 i = 0; i < 8; ++i) {
            selector[i] = digits[(uint32(bytes4(reason)) >> (28 - 4 * i)) & 15];
        }
        _break(invariant, string.concat(what, ": 0x", string(selector)));
    }

    /// @dev Stake that leaves its operator for good.
    function _lose(uint256 task, uint256 key, uint256 amount) internal {
        lockOf[task][key] -= amount;
        if (_sentByKey[task][key]) {
            Key storage k = _keys[key];
            k.running -= amount;
            k.total -= amount < k.total ? amount : k.total;
            k.lost += amount;
        }
        _operators[_keys[key].operator].slashed += amount;
        slashed += amount;
    }

    /// @dev ⌈x / 100⌉
    function _ceil(uint256 x) internal pure returns (uint256) {
        return x / 100 + (x % 100 == 0 ? 0 : 1);
    }

    function _did(string memory deed) internal {
        ++done[deed];
    }

    /// @dev The token is itself again, which a refusal may have delayed.
    function _calm() internal {
        token.setFee(0);
        token.setRefuses(false);
        token.setCallback(address(0), "");
        _moody = false;
    }

    /// @dev The next transfer is spoiled in one of three ways.
    function _upset() internal {
        _moody = true;
        uint256 kind = _pick(3);
        if (kind == 0) token.setFee(1);
        if (kind == 1) token.setRefuses(true);
        if (kind == 2) token.setCallback(address(this), abi.encodeWithSignature("reenter()"));
    }

    function _isCalm() internal view returns (bool) {
        return !_moody;
    }
}
