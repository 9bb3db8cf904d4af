// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Laws} from "./Laws.sol";

/// @title One campaign per invariant
contract Invariants is Laws {
    function invariant_I1_what_people_own_is_what_came_in() external view {
        _i1();
    }

    function invariant_I2_balances_cover_what_is_owned() external view {
        _i2();
    }

    function invariant_I3_weights_of_the_seats_add_up() external view {
        _i3();
    }

    function invariant_I4_penalties_are_within_the_lock() external view {
        _i4();
    }

    function invariant_I5_repeated_proofs_change_nothing() external view {
        _i5();
    }

    function invariant_I6_refused_keys_are_in_no_new_cluster() external view {
        _i6();
    }

    function invariant_I7_the_convicted_earn_nothing() external view {
        _i7();
    }

    function invariant_I8_paid_is_within_escrow_and_all_of_it_leaves() external view {
        _i8();
    }

    function invariant_I9_one_root_per_height() external view {
        _i9();
    }

    function invariant_I10_heights_and_events_only_grow() external view {
        _i10();
    }

    function invariant_I11_less_than_a_quorum_is_never_accepted() external view {
        _i11();
    }

    function invariant_I12_free_stake_leaves_always_and_locks_after_the_window() external view {
        _i12();
    }

    function invariant_I13_the_end_of_unbonding_never_moves() external view {
        _i13();
    }

    function invariant_I14_claims_are_within_what_was_earned() external view {
        _i14();
    }

    function invariant_I15_an_exit_returns_the_deposit_less_penalties() external view {
        _i15();
    }

    function invariant_I16_no_panic() external view {
        _i16();
    }

    function invariant_I17_the_honest_are_never_convicted() external view {
        _i17();
    }

    function invariant_I18_nobody_is_locked_in_by_the_silence_of_others() external view {
        // everybody's exit, while the others are silent, is tried by `afterInvariant`
        _unbroken(18);
    }

    function invariant_I19_a_key_locks_and_loses_what_it_may_at_most() external view {
        _i19();
    }

    function invariant_I20_one_wallet_acts_for_an_operator_and_its_payout_is_paid() external view {
        _i20();
    }

    function invariant_I21_a_line_spends_what_it_holds_when_it_is_due() external view {
        _i21();
    }
}
