// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {TaskClock} from "./TaskClock.sol";
import {NotAllowed} from "../interfaces/Errors.sol";
import {ITaskBoard} from "../interfaces/ITaskBoard.sol";
import {Convictions} from "../libraries/Convictions.sol";
import {Snapshot} from "../libraries/Snapshot.sol";
import {StakeMath} from "../libraries/StakeMath.sol";
import {TaskStatus} from "../libraries/TaskStatus.sol";

/// @title What a task pays, takes and gives back
abstract contract Settlement is TaskClock {
    using Convictions for uint256;
    using Convictions for mapping(uint256 word => uint256 convictions);
    using SafeERC20 for IERC20;
    using Snapshot for bytes;

    /// @dev Bit of `claimed` that stands for the client; seats are 0 … 127.
    uint256 private constant CLIENT_BIT = 128;
    /// @dev Bit of `claimed` that stands for who drew the cluster.
    uint256 private constant FORMER_BIT = 129;
    /// @dev Heights that the members are paid who were drawn for a task that the client had revoked.
    uint256 private constant IDLE_HEIGHTS = 1;
    /// @dev Kind of a ledger event: a conviction.
    uint8 private constant SYSTEM = 1;

    /// @inheritdoc ITaskBoard
    function claim(uint256 taskId) external override nonReentrant returns (uint256 amount) {
        Task storage t = _requireStatus(taskId, TaskStatus.OVER | TaskStatus.EXPIRED);
        _requireClaimsOpen(taskId);
        address operator = _REGISTRY.accountOf(msg.sender);
        (uint256 earned, uint256 spent, uint256 lost, uint256 claimed) = _owed(taskId, t, operator);
        (uint256 fee, uint256 rest) = (_formFee(t), 0);
        if (msg.sender == t.client && (claimed >> CLIENT_BIT) & 1 == 0) {
            rest = t.escrow - spent - fee;
            claimed |= 1 << CLIENT_BIT;
        }
        if ((claimed >> FORMER_BIT) & 1 == 0 && _actsForFormer(t.former, operator))
            claimed |= 1 << FORMER_BIT;
        else fee = 0;
        if (t.settled) lost = 0;
        amount = earned + fee + rest;
        if (amount + lost == 0) revert NothingToClaim(taskId, msg.sender);

        t.claimed = uint136(claimed);
        t.settled = true;
        if (lost != 0) {
            burnt += lost;
            emit Burnt(taskId, lost);
        }
        if (earned != 0) {
            address to = _REGISTRY.payoutOf(operator);
            emit Claimed(taskId, operator, to, earned);
            _TOKEN.safeTransfer(to, earned);
        }
        if (fee != 0) {
            address to = t.former == operator ? _REGISTRY.payoutOf(operator) : msg.sender;
            emit FormFeePaid(taskId, t.former, to, fee);
            _TOKEN.safeTransfer(to, fee);
        }
        if (rest != 0) {
            emit Refunded(taskId, msg.sender, rest);
            _TOKEN.safeTransfer(msg.sender, rest);
        }
    }

    /// @inheritdoc ITaskBoard
    function release(uint256 taskId, address key) external override nonReentrant {
        Task storage t = _requireStatus(
            taskId,
            TaskStatus.ACTIVE | TaskStatus.FINALIZING | TaskStatus.OVER | TaskStatus.EXPIRED
        );
        bytes memory members = Snapshot.read(t.snapshot);
        uint256 seat = members.seatOf(key);
        if (seat < members.count()) {
            _requireStatus(taskId, TaskStatus.OVER);
            _requireClaimsOpen(taskId);
            if (_takeCorrelated(taskId, t, members, seat)) return;
        }
        (address operator, uint128 amount) = _REGISTRY.unlock(taskId, key);
        emit Released(taskId, key, operator, amount);
    }

    /// @inheritdoc ITaskBoard
    function penalise(
        uint256 taskId,
        uint8 member,
        uint8 offence,
        uint8 percent,
        bool correlated,
        address reporter
    ) external override nonReentrant {
        if (msg.sender != address(_SLASHER)) revert NotAllowed(msg.sender, address(_SLASHER));
        Task storage t = _requireEvidenceOpen(taskId);
        bytes memory members = Snapshot.read(t.snapshot);
        address key = members.key(member);
        (uint256 before, uint256 convicted) = t.convictions.convict(member, percent, correlated);
        (uint256 percentBefore, uint256 percentNow) = (before.percentOf(), convicted.percentOf());
        if (convicted == before) revert AlreadyConvicted(taskId, member, uint8(percentBefore));
        uint128 amount = _newlyDue(t, percentBefore, percentNow);
        uint128 credit = 0;
        if (amount != 0) (, credit) = _REGISTRY.slash(taskId, key, amount, reporter);
        _REGISTRY.jail(key, uint40(block.number + _JAIL), uint40(block.timestamp + _JAIL_SECONDS));
        emit Penalised(
            taskId,
            member,
            key,
            members.operator(member),
            uint8(percentNow),
            amount,
            reporter,
            credit
        );
        if (Convictions.isNews(percentBefore, percent)) {
            bytes memory entry = abi.encodePacked(member, offence, percent);
            emit SystemEntry(taskId, _LOG.noteEvent(taskId, SYSTEM, address(0), keccak256(entry)), entry);
        }
    }

    /// @inheritdoc ITaskBoard
    function convictionOf(
        uint256 taskId,
        uint8 member
    ) external view override returns (uint8 percent, bool correlated) {
        if (member >= _tasks[taskId].members) return (0, false);
        uint256 convicted = _tasks[taskId].convictions.get(member);
        return (uint8(convicted.percentOf()), convicted.isCorrelated());
    }

    /// @dev Takes what the convictions of others add to a seat's own. Whether nothing of the lock is left.
    function _takeCorrelated(
        uint256 taskId,
        Task storage t,
        bytes memory members,
        uint256 seat
    ) private returns (bool) {
        uint256 percent = t.convictions.finalPercent(members, seat);
        uint128 amount = _newlyDue(t, t.convictions.get(seat).percentOf(), percent);
        if (amount == 0) return false;
        (address key, address operator) = (members.key(seat), members.operator(seat));

        emit Penalised(taskId, uint8(seat), key, operator, uint8(percent), amount, address(0), 0);
        if (_slash(taskId, key, amount) != 0) return false;
        emit Released(taskId, key, operator, 0);
        return true;
    }

    /// @dev What `account` has earned and not claimed, 0 for nobody's; what the accepted heights and the fees that were due cost the
    /// client; what of that nobody earned; the claims once `account` is paid. Rounded down for members; convicted ones
    /// earn nothing.
    function _owed(
        uint256 taskId,
        Task storage t,
        address account
    ) private view returns (uint256 earned, uint256 spent, uint256 lost, uint256 claimed) {
        claimed = t.claimed;
        if (t.formBlock == 0) return (0, 0, 0, claimed);
        bytes memory members = Snapshot.read(t.snapshot);
        uint256 total = members.totalWeight();
        (uint256 last, uint256 feesDue, uint16[] memory missed, uint32[] memory feeUnits) = _LOG.tally(
            taskId
        );
        if (t.heights == 0) last = IDLE_HEIGHTS;
        spent = t.rewardPerHeight * last + t.checkpointFee * feesDue;
        lost = spent;
        for (uint256 i = 0; i < missed.length; ++i) {
            if (t.convictions.get(i).percentOf() != 0) continue;
            uint256 reward = uint256(t.rewardPerHeight) * (last - missed[i]);
            uint256 part =
                StakeMath.portionDown(reward, members.weight(i), total) +
                    StakeMath.portionDown(t.checkpointFee, feeUnits[i], total);
            lost -= part;
            if (members.operator(i) == account && (claimed >> i) & 1 == 0) {
                earned += part;
                claimed |= 1 << i;
            }
        }
    }

    /// @dev Whether the caller, whose account is `operator`, takes what `former` earned. An account's is its wallet's alone:
    /// not of the address that once opened it.
    function _actsForFormer(address former, address operator) private view returns (bool) {
        if (former == address(0)) return false;
        if (former == operator) return true;
        return former == msg.sender && _REGISTRY.walletOf(former) == address(0);
    }

    /// @dev What a share of a lock that grew makes due beyond what was due before. In steps or at once, it is as much.
    function _newlyDue(
        Task storage t,
        uint256 percentBefore,
        uint256 percent
    ) private view returns (uint128) {
        if (percent == percentBefore) return 0;
        uint256 lock = t.stakePerNode;
        return uint128(StakeMath.percentUp(lock, percent) - StakeMath.percentUp(lock, percentBefore));
    }
}
