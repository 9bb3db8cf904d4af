// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Moment} from "../libraries/Moments.sol";

/// @title Operators, their stake and their signing keys
/// @notice An operator owns stake and any number of signing keys; one key is one node. Stake is the sum of a free, a locked
/// and an unbonding part. Only locked stake secures anything: a lock belongs to one (task, key) and moves through the task
/// board alone. Free stake can always leave. There is no owner and no pause.
/// An operator is an account. Its id is the address of the wallet that opened it (by `register` or `addStake`) and never
/// changes. Stake, keys, locks, allowances, jail, caps and credits belong to the id. One wallet at a time acts for the
/// account. The wallet can hand the account over to another wallet, which must accept it. Tokens that leave go to the
/// account's payout address, which the wallet sets.
/// An address is the wallet of one account at most, once: nobody gets a second account by a hand-over, and a wallet that
/// handed its account over opens no other one. No wallet is a signing key.
/// Warning: whoever has the wallet's private key has the account.
/// The wallet may lock all of the free stake. A signing key, which is online and may be stolen, may lock what the wallet
/// allows it (`setAllowance`), at first nothing. It moves neither the account nor the payout address.
/// A conviction is booked here and moves no token, so that no token can stop it. The balance, less donations, is the sum
/// of all accounts, all credits and `burnt`.
/// All amounts are in the token's smallest unit. What lasts, lasts for a number of blocks and a number of seconds, whichever
/// is over later: neither a chain that stops nor one whose blocks come fast shortens it.
interface INodeRegistry {
    /// @notice What a signing key may do. `Rotated`, `Frozen` and `Convicted` keys go on serving the tasks they are in, or
    /// were signed up for when sign-up ended, and join no other; none of the three becomes active again. A `Jailed` key
    /// would be active, but its operator's account is in jail because another of its keys was convicted: it joins nothing
    /// for that time, and keeps the sign-ups that it has.
    enum KeyStatus {
        Unknown,
        Active,
        Frozen,
        Rotated,
        Jailed,
        Convicted
    }

    /// @notice An operator's stake.
    /// @param free can be locked by joining a task or unbonded
    /// @param locked sum of the operator's locks
    /// @param unbonding sum of the tranches not yet withdrawn
    /// @param tranches number of tranches ever requested; the next one gets this number
    /// @param jailedUntil none of the operator's keys may join a task up to this block; 0 if none was ever convicted
    /// @param jailedUntilTime nor before this second
    struct Account {
        uint128 free;
        uint128 locked;
        uint128 unbonding;
        uint48 tranches;
        uint40 jailedUntil;
        uint40 jailedUntilTime;
    }

    /// @notice How much of its operator's free stake a key may lock by itself. The wallet's own sign-ups do not count.
    /// @dev `running` > `total` only after the wallet has lowered `total`: what is locked stays locked.
    /// @param perTask largest lock of one sign-up that the key sends
    /// @param total largest sum of the locks that the key has sent. What is slashed of them is taken from it, so that a
    /// thief of the key cannot use it twice; what is unlocked can be used again
    /// @param running sum of these locks now
    struct Allowance {
        uint128 perTask;
        uint128 total;
        uint128 running;
    }

    /// @notice Stake on its way out.
    /// @param amount 0 once withdrawn
    /// @param unbondingEndsAt first block in which it can be withdrawn; never moves
    /// @param unbondingEndsTime first second in which it can be; never moves
    struct Tranche {
        uint128 amount;
        uint64 unbondingEndsAt;
        uint64 unbondingEndsTime;
    }

    /// @notice A signing key belongs to an operator from now on, for ever.
    /// @param operator the owner
    /// @param key address of the public key
    /// @param publicKey 64 bytes, x ‖ y on secp256k1: readers derive the PeerId from it
    event KeyRegistered(address indexed operator, address indexed key, bytes publicKey);

    /// @notice Where the node can be reached. Replaces what was said before.
    /// @dev Readers drop every address whose `/p2p` part is not the key's PeerId.
    /// @param key the node's key
    /// @param multiaddrs binary multiaddrs, at most 4 of at most 256 bytes
    event AddressesUpdated(address indexed key, bytes[] multiaddrs);

    /// @notice `newKey` stands for `oldKey` in later tasks.
    event KeyRotated(address indexed operator, address indexed oldKey, address indexed newKey);

    /// @notice The key is refused in later tasks.
    event KeyFrozen(address indexed operator, address indexed key);

    /// @notice The operator's wallet allows the key to lock this much by itself. Replaces what was allowed before.
    event AllowanceSet(address indexed operator, address indexed key, uint128 perTask, uint128 total);

    /// @notice Free stake grew by `amount`.
    event StakeAdded(address indexed operator, uint128 amount);

    /// @notice `amount` of free stake began to unbond.
    event UnbondRequested(
        address indexed operator,
        uint64 tranche,
        uint128 amount,
        uint64 unbondingEndsAt,
        uint64 unbondingEndsTime
    );

    /// @notice A tranche left the registry.
    /// @param to the payout address of the operator
    event Withdrawn(address indexed operator, address indexed to, uint64 tranche, uint128 amount);

    /// @notice `wallet` acts for the operator from now on, and no other address does. The first such event of an operator
    /// opens its account; both addresses are the same in it. Each later one is an accepted hand-over.
    event WalletSet(address indexed operator, address indexed wallet);

    /// @notice The operator's wallet offers the account to another wallet; 0: it took the offer back.
    event AccountOffered(address indexed operator, address indexed wallet);

    /// @notice The operator is paid at another address from now on; 0: at its wallet.
    event PayoutSet(address indexed operator, address indexed payout);

    /// @notice Free stake became the lock of (task, key).
    event StakeLocked(address indexed operator, uint256 indexed taskId, address indexed key, uint128 amount);

    /// @notice The lock of (task, key) became free stake.
    event StakeUnlocked(
        address indexed operator,
        uint256 indexed taskId,
        address indexed key,
        uint128 amount
    );

    /// @notice `amount` was taken from the lock of (task, key): burnt, less what a reporter is credited.
    event StakeSlashed(address indexed operator, uint256 indexed taskId, address indexed key, uint128 amount);

    /// @notice The key was convicted and is refused in every new task; all keys of its operator are refused up to and
    /// including block `untilBlock`, and before second `untilTime`.
    event Jailed(address indexed operator, address indexed key, uint40 untilBlock, uint40 untilTime);

    /// @notice A reporter was paid what it was credited.
    /// @param account an operator, or a reporter that is no operator's wallet
    /// @param to the payout address of the operator, or the reporter itself
    event CreditWithdrawn(address indexed account, address indexed to, uint256 amount);

    /// @notice A public key must be 64 bytes (x ‖ y).
    error PublicKeyLength(uint256 given, uint256 expected);

    /// @notice The registration is not signed by the key that it registers.
    /// @param signer who signed, 0 if the signature is malformed
    /// @param key the key that had to sign
    error NotTheKey(address signer, address key);

    /// @notice An address cannot be a wallet and a signing key.
    /// @param key the address that is, or was, both
    error KeyIsOperator(address key);

    /// @notice The caller is the wallet of no account: it never opened one, or handed it over.
    error NoAccount(address wallet);

    /// @notice The address is, or was, the wallet of an account, and can be that of no other one.
    error WalletTaken(address wallet, address operator);

    /// @notice The key has an owner already; keys are registered once, for ever.
    error KeyTaken(address key, address owner);

    /// @notice The key's status does not allow this.
    /// @param allowed bit s set: status s would be accepted
    error KeyStatusNotAllowed(address key, KeyStatus current, uint256 allowed);

    /// @notice Less free stake than needed.
    error InsufficientFree(address operator, uint256 free, uint256 needed);

    /// @notice The operator's wallet has not allowed the key to lock so much.
    /// @param needed the lock
    /// @param perTask largest lock of one sign-up
    /// @param left what the key may still lock in total
    error AllowanceExceeded(address key, uint256 needed, uint256 perTask, uint256 left);

    /// @notice Nothing to withdraw under this number: never requested, or withdrawn before.
    error NoSuchTranche(address operator, uint64 tranche, uint64 tranches);

    /// @notice The key holds a lock for this task already.
    error AlreadyLocked(uint256 taskId, address key, uint256 amount);

    /// @notice The key holds no lock for this task, or not so much.
    error NotLocked(uint256 taskId, address key);

    /// @notice Nothing is credited to the account.
    error NoCredit(address account);

    /// @notice Registers a signing key of the caller's account, which it opens if the caller never had one, says how much it may lock by itself, and adds stake.
    /// @dev Nobody can register a stranger's key: the key signs `Register(operator, key)` in the registry's own domain, where
    /// `operator` is the account id.
    /// @param publicKey 64 bytes, x ‖ y; its address must never have been registered and never have been a wallet
    /// @param stake token wei to pull from the caller, may be 0 (stake is shared by the operator's keys)
    /// @param perTask as in `setAllowance`
    /// @param total as in `setAllowance`; 0 = only the wallet signs this key up
    /// @param multiaddrs binary multiaddrs, at most 4 of at most 256 bytes each
    /// @param signature 65 bytes r ‖ s ‖ v by the key
    function register(
        bytes calldata publicKey,
        uint128 stake,
        uint128 perTask,
        uint128 total,
        bytes[] calldata multiaddrs,
        bytes calldata signature
    ) external;

    /// @notice Says how much of the caller's free stake one of its keys may lock by itself. Only the operator's wallet.
    /// @dev Sign-ups that the key has sent count against `total` while they are locked, also those from before this call.
    /// Whoever has stolen the key can lose at most the larger of `total` and what the key has running, and, beside that,
    /// what the wallet has signed the key up with. A new key of `rotateKey` starts with nothing.
    /// @param perTask largest lock of one sign-up that the key sends, token wei, 0 … total
    /// @param total largest sum of the locks that the key sends, token wei
    function setAllowance(address key, uint128 perTask, uint128 total) external;

    /// @notice Pulls `amount` token wei from the caller into the free stake of its account, which it opens if the caller never
    /// had one.
    function addStake(uint128 amount) external;

    /// @notice Starts to unbond `amount` of the caller's free stake. Always possible.
    /// @return tranche number under which it can be withdrawn after `unbondingBlocks` and `unbondingSeconds`
    function requestUnbond(uint128 amount) external returns (uint64 tranche);

    /// @notice Pays a tranche of the caller's account whose unbonding has ended to the account's payout address.
    function withdraw(uint64 tranche) external;

    /// @notice Replaces one of the caller's keys in later tasks; running tasks keep the old one.
    /// @param key a key of the caller that was not replaced before
    /// @param publicKey as in `register`
    /// @param multiaddrs as in `register`
    /// @param signature by the new key, as in `register`
    function rotateKey(
        address key,
        bytes calldata publicKey,
        bytes[] calldata multiaddrs,
        bytes calldata signature
    ) external;

    /// @notice Says where a node can be reached. By the key or its operator's wallet.
    function updateAddresses(address key, bytes[] calldata multiaddrs) external;

    /// @notice Refuses an active or jailed key of the caller in every later task: the kill switch for a stolen key.
    function freeze(address key) external;

    /// @notice Says where the caller's account is paid: by `withdraw`, `withdrawCredit` and `ITaskBoard.claim`. Only the
    /// operator's wallet.
    /// @dev Only the wallet calls these three, so nobody else chooses when and where its money goes. A hand-over keeps the
    /// payout address; the new wallet should look at it.
    /// @param payout 0 = the account's wallet, also after a hand-over
    function setPayout(address payout) external;

    /// @notice Offers the caller's account to another wallet. Nothing changes until it accepts. Replaces an earlier offer.
    /// @param newWallet 0 takes the offer back; else an address that never was a wallet or a signing key
    function offerAccount(address newWallet) external;

    /// @notice Takes over an account that was offered to the caller: from now on the caller alone acts for it. What the caller
    /// was credited for proofs becomes the account's.
    /// @dev Warning: for the caller this cannot be undone. It takes over jail and locks, and can never have an account of
    /// its own. Until it accepts, the present wallet can take stake out and set the payout address.
    /// @param operator the account's id
    function acceptAccount(address operator) external;

    /// @notice Turns free stake of the key's operator into the lock of (task, key). Only the task board.
    /// @param byKey the key itself signs up, within its allowance; else its operator's wallet
    /// @return operator the key's owner
    function lock(
        uint256 taskId,
        address key,
        uint128 amount,
        bool byKey
    ) external returns (address operator);

    /// @notice Turns the lock of (task, key) back into free stake. Only the task board.
    /// @return operator the key's owner
    /// @return amount what was locked
    function unlock(uint256 taskId, address key) external returns (address operator, uint128 amount);

    /// @notice Takes a part of the lock of (task, key). Only the task board.
    /// @dev The reporter is credited min(⌊amount / 10⌋, bounty): about the gas of its proof, so that who reports itself
    /// gets no more than that back. The rest is burnt. Burnt tokens stay here: not every token can be burnt, some refuse
    /// a transfer to an address that nobody owns, and no call pays them out.
    /// If the key signed up by itself, its allowance shrinks by what is taken.
    /// @param reporter who is credited, by its account if it is an operator's wallet; 0 = nobody
    /// @return left what is still locked
    /// @return credit what the reporter was credited
    function slash(
        uint256 taskId,
        address key,
        uint128 amount,
        address reporter
    ) external returns (uint128 left, uint128 credit);

    /// @notice Refuses the key in every new task, and all keys of its operator up to and including block `untilBlock`
    /// and before second `untilTime`. Tasks that they are in go on. Only the task board.
    /// @dev Warning: neither must be below that of an earlier call.
    function jail(address key, uint40 untilBlock, uint40 untilTime) external;

    /// @notice Pays what the caller was credited for proofs: an operator's wallet to the payout address of the account,
    /// anybody else itself.
    /// @return amount token wei paid
    function withdrawCredit() external returns (uint256 amount);

    /// @notice The one token of this deployment.
    function token() external view returns (address);

    /// @notice The task board, the only contract that moves locks.
    function board() external view returns (address);

    /// @notice Blocks between `requestUnbond` and `withdraw`, at least.
    function unbondingBlocks() external view returns (uint64);

    /// @notice Seconds between `requestUnbond` and `withdraw`, at least.
    function unbondingSeconds() external view returns (uint64);

    /// @notice Most that a reporter is credited for one proof, token wei. Fixed at deployment: about the price of 150,000 gas.
    function bounty() external view returns (uint128);

    /// @notice What an operator, or a reporter that is no operator's wallet, is credited for proofs and has not withdrawn,
    /// token wei.
    function creditOf(address account) external view returns (uint256);

    /// @notice Stake that was taken and credited to nobody, token wei. No call pays it out.
    function burnt() external view returns (uint256);

    /// @notice The operator, by its account id, that registered the key; 0 if nobody did. Set once.
    function keyOwner(address key) external view returns (address);

    /// @notice The key's status.
    function keyStatus(address key) external view returns (KeyStatus);

    /// @notice How much a key may lock by itself, and has locked by itself.
    function allowanceOf(address key) external view returns (Allowance memory);

    /// @notice When the key was frozen, replaced or convicted, whichever came first; 0 while it is active. Set once: what a
    /// drawing depends on does not change after the sign-up that it draws from.
    function inactiveSince(address key) external view returns (Moment memory);

    /// @notice Owners of the keys that were active until a moment; 0 for the others.
    /// @dev Warning: a key counts as active before its registration.
    /// @param end who became inactive at or after it was active until then
    function ownersActiveAt(
        address[] calldata keys,
        Moment calldata end
    ) external view returns (address[] memory owners);

    /// @notice An operator's stake.
    function account(address operator) external view returns (Account memory);

    /// @notice The wallet that acts for an operator; 0 if there is no such account.
    function walletOf(address operator) external view returns (address);

    /// @notice The operator for which a wallet acts now; 0 if it acts for none.
    function accountOf(address wallet) external view returns (address operator);

    /// @notice Where an operator is paid; 0 if there is no such account.
    function payoutOf(address operator) external view returns (address);

    /// @notice To which wallet an operator's account is offered; 0 if to none.
    function offerOf(address operator) external view returns (address);

    /// @notice One of an operator's tranches.
    function trancheOf(address operator, uint64 tranche) external view returns (Tranche memory);

    /// @notice Stake locked for (task, key); 0 if none.
    function lockOf(uint256 taskId, address key) external view returns (uint128);

    /// @notice EIP-712 separator under which registrations are signed: RSDP, 3, chain id, this contract, no salt.
    function domainSeparator() external view returns (bytes32);
}
