// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IResults} from "../interfaces/IResults.sol";

/// @title ResultEscrow
/// @notice Example of a contract that acts on results: ether for somebody if a task comes to a certain result. It pays on
/// a final result alone: a pending one may still be challenged, and nobody honest need stand behind a tainted one.
contract ResultEscrow {
    struct Deposit {
        address payer;
        address payable payee;
        uint128 amount;
        uint64 untilBlock;
        uint256 taskId;
        bytes32 expected;
    }

    IResults private immutable _RESULTS;
    Deposit[] private _deposits;

    /// @notice Ether was put aside.
    event Deposited(uint256 indexed id, uint256 indexed taskId, bytes32 expected, address payee);

    /// @notice Ether went to the payee, or back to the payer.
    event Settled(uint256 indexed id, address to, uint256 amount);

    /// @notice The result may not be acted upon, or not any more.
    error NotFinal(uint256 taskId, IResults.Outcome outcome);

    /// @notice Paid out, or there never was such a deposit.
    error NoDeposit(uint256 id);

    /// @notice The payer cannot take it back before this block.
    error TooSoon(uint256 blockNumber, uint256 untilBlock);

    /// @notice The receiver refused the ether.
    error NotPaid(address to);

    constructor(IResults results_) {
        _RESULTS = results_;
    }

    /// @notice Puts ether aside for `payee`, should the task's result have the hash `expected`.
    /// @param untilBlock from here on the payer may take it back; far behind the task's end and its evidence window
    function deposit(
        uint256 taskId,
        bytes32 expected,
        address payable payee,
        uint64 untilBlock
    ) external payable returns (uint256 id) {
        id = _deposits.length;
        _deposits.push(Deposit(msg.sender, payee, uint128(msg.value), untilBlock, taskId, expected));
        emit Deposited(id, taskId, expected, payee);
    }

    /// @notice Pays the payee if the final result is the expected one, and the payer if it is another.
    function settle(uint256 id) external {
        Deposit memory d = _taken(id);
        (IResults.Outcome outcome, bytes32 resultHash, ) = _RESULTS.result(d.taskId);
        if (outcome != IResults.Outcome.Final) revert NotFinal(d.taskId, outcome);
        _pay(id, resultHash == d.expected ? d.payee : d.payer, d.amount);
    }

    /// @notice Back to the payer, once its block has come: of a result that is never final nothing follows.
    function takeBack(uint256 id) external {
        Deposit memory d = _taken(id);
        if (block.number < d.untilBlock) revert TooSoon(block.number, d.untilBlock);
        _pay(id, d.payer, d.amount);
    }

    /// @dev Whatever follows, it follows once.
    function _taken(uint256 id) private returns (Deposit memory d) {
        if (id >= _deposits.length) revert NoDeposit(id);
        d = _deposits[id];
        if (d.payer == address(0)) revert NoDeposit(id);
        delete _deposits[id];
    }

    function _pay(uint256 id, address to, uint256 amount) private {
        emit Settled(id, to, amount);
        (bool success, ) = to.call{value: amount}("");
        if (!success) revert NotPaid(to);
    }
}
