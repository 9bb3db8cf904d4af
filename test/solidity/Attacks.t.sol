// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {INodeRegistry} from "../../contracts/interfaces/INodeRegistry.sol";
import {Certificate} from "../../contracts/libraries/Certificate.sol";
import {Digests} from "../../contracts/libraries/Digests.sol";
import {Domain} from "../../contracts/libraries/Domain.sol";
import {StakeMath} from "../../contracts/libraries/StakeMath.sol";
import {BlocklistToken} from "./BlocklistToken.sol";
import {Curve} from "./Curve.sol";
import {SilentToken} from "./SilentToken.sol";
import {vm} from "./Vm.sol";

/// @title Attacks that no suite with a chain covers, by the number of the rule (docs/contracts.md)
contract Attacks {
    uint64 private constant UNBONDING = 100;
    address private constant ALICE = address(0xa11ce);
    uint128 private constant BOUNTY = 50;
    address private constant BOB = address(0xb0b);
    address private constant CAROL = address(0xca501);

    function test_C1_nobody_is_never_a_quorum(uint16 weight, uint16 total) external pure {
        bool isQuorum = Certificate.isQuorum(weight, total);
        // a second way to say more than two thirds: what is missing is less than half of what is there
        bool isMore = weight >= total || uint256(total - weight) * 2 < weight;
        require(isQuorum == (total != 0 && isMore), "quorum");
        require(!Certificate.isQuorum(0, total), "no weight");
        require(!Certificate.isQuorum(weight, 0), "no total");
    }

    function test_C5_a_payee_that_is_shut_out_keeps_nobody_else_waiting() external {
        BlocklistToken token = new BlocklistToken();
        INodeRegistry registry = _registry(address(token));
        _stakeAndLeave(token, registry, ALICE);
        _stakeAndLeave(token, registry, BOB);
        vm.roll(block.number + UNBONDING);
        token.shut(ALICE, true);
        require(!_withdraw(registry, ALICE), "paid although shut out");
        require(_withdraw(registry, BOB) && token.balanceOf(BOB) == 100, "bob waits for alice");
        token.shut(ALICE, false);
        require(_withdraw(registry, ALICE) && token.balanceOf(ALICE) == 100, "alice's tranche is gone");
    }

    function test_C8_a_token_without_answers_is_taken_and_given_back() external {
        SilentToken token = new SilentToken();
        INodeRegistry registry = _registry(address(token));
        token.faucet(ALICE, 100);
        vm.prank(ALICE);
        registry.addStake(100);
        require(token.balanceOf(address(registry)) == 100, "not taken");
        vm.prank(ALICE);
        registry.requestUnbond(100);
        vm.roll(block.number + UNBONDING);
        require(_withdraw(registry, ALICE) && token.balanceOf(ALICE) == 100, "not given back");
    }

    function test_M6_a_token_that_shuts_everybody_out_stops_no_conviction() external {
        BlocklistToken token = new BlocklistToken();
        INodeRegistry registry = _registry(address(token));
        _stakeAndLeave(token, registry, ALICE);
        _stakeAndLeave(token, registry, BOB);
        (address key, address reporter) = (_registerKey(token, registry), address(0x7e90));
        registry.lock(1, key, 100, false);

        token.shut(address(registry), true);
        token.shut(reporter, true);
        (uint128 left, uint128 credit) = registry.slash(1, key, 100, reporter);
        registry.jail(key, uint40(block.number + 9), 0);
        require(left == 0 && credit == 10, "not booked");
        require(registry.burnt() == 90 && registry.creditOf(reporter) == 10, "books");
        require(token.balanceOf(address(registry)) == 300, "tokens were moved");

        vm.roll(block.number + UNBONDING);
        token.shut(address(registry), false);
        require(_withdraw(registry, ALICE) && _withdraw(registry, BOB), "others cannot leave");
        vm.prank(reporter);
        try registry.withdrawCredit() {
            revert("paid although shut out");
        } catch {
            token.shut(reporter, false);
        }
        vm.prank(reporter);
        require(registry.withdrawCredit() == 10, "the credit is gone");
        require(token.balanceOf(address(registry)) == registry.burnt(), "more or less than what was burnt");
    }

    function test_C14_penalties_round_up_but_never_above_the_lock(
        uint128 lock,
        uint256 percent
    ) external pure {
        percent %= 101;
        uint256 due = StakeMath.percentUp(lock, percent);
        require(due <= lock, "above the lock");
        require(due * 100 >= lock * percent && due * 100 < lock * percent + 100, "not rounded up");
    }

    function test_C14_parts_are_together_at_most_the_whole(
        uint128 amount,
        uint16[5] calldata weights
    ) external pure {
        uint256 total = 1;
        for (uint256 i = 0; i < weights.length; ++i) total += weights[i];
        uint256 sum = StakeMath.portionDown(amount, 1, total);
        for (uint256 i = 0; i < weights.length; ++i) sum += StakeMath.portionDown(amount, weights[i], total);
        require(sum <= amount && amount - sum <= weights.length, "parts and whole");
    }

    /// @dev A registry whose board is this contract.
    function _registry(address token) private returns (INodeRegistry registry) {
        bytes memory code = abi.encodePacked(
            vm.getCode("contracts/NodeRegistry.sol:NodeRegistry"),
            abi.encode(token, address(this), UNBONDING, 0, BOUNTY)
        );
        assembly ("memory-safe") {
            registry := create(0, add(code, 32), mload(code))
        }
        require(address(registry) != address(0), "registry");
    }

    /// @dev Carol, with 100 free and the key of secret 1.
    function _registerKey(BlocklistToken token, INodeRegistry registry) private returns (address key) {
        bytes memory publicKey = abi.encodePacked(Curve.X, Curve.Y);
        key = address(uint160(uint256(keccak256(publicKey))));
        bytes32 digest = Domain.digest(registry.domainSeparator(), Digests.register(CAROL, key));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(1, digest);
        token.faucet(CAROL, 100);
        vm.prank(CAROL);
        IERC20(address(token)).approve(address(registry), 100);
        vm.prank(CAROL);
        registry.register(publicKey, 100, 0, 0, new bytes[](0), abi.encodePacked(r, s, v));
    }

    function _stakeAndLeave(BlocklistToken token, INodeRegistry registry, address who) private {
        token.faucet(who, 100);
        vm.prank(who);
        IERC20(address(token)).approve(address(registry), 100);
        vm.prank(who);
        registry.addStake(100);
        vm.prank(who);
        registry.requestUnbond(100);
    }

    function _withdraw(INodeRegistry registry, address who) private returns (bool success) {
        vm.prank(who);
        try registry.withdraw(0) {
            success = true;
        } catch {
            success = false;
        }
    }
}
