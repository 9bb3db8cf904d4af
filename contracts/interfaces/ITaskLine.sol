// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Moment} from "../libraries/Moments.sol";
import {ITaskBoard} from "./ITaskBoard.sol";

/// @title A line of tasks without its client
/// @notice The client of its tasks is this contract: it holds a budget and a plan, and whoever calls `renew` near the end of
/// the last task has it publish the next one, which goes on from the result of the last. No key of a person is
/// needed for that. The owner can change the plan, or close the line, only after a notice of one task's length.
/// All amounts are in the stake token's smallest unit.
/// @dev What each caller gains: a keeper the fee, once for each task that had an accepted height; whoever funds the line
/// nothing; whoever collects nothing, as what comes back goes to the budget; the owner what is left once the line is closed.
interface ITaskLine {
    /// @notice What every task of the line is published with.
    /// @param params as `ITaskBoard.publish` takes them, but for: `predecessor`, which is 0 here and set by the line;
    /// `joinDeadline`, `joinTime`, `endBlock` and `endTime`, which count from the block and second of `renew`
    /// @param withGeneration the line appends its generation, u64, to `reducerParams`: reducers that give fencing tokens
    /// read it there
    /// @param renewBeforeBlocks `renew` is due so many blocks before the end of the last task, less than its length
    /// @param renewBeforeSeconds and so many seconds before it
    /// @param renewBeforeHeights or once no more than so many heights are left to it, less than `heights`
    /// @param paceBlocks least blocks between two publications, at most the length of a task: what a cluster that rushes
    /// through its heights can have the line spend
    /// @param paceSeconds least seconds between them
    /// @param renewFee to the caller of `renew`, token wei
    struct Plan {
        ITaskBoard.TaskParams params;
        bool withGeneration;
        uint64 renewBeforeBlocks;
        uint64 renewBeforeSeconds;
        uint16 renewBeforeHeights;
        uint64 paceBlocks;
        uint64 paceSeconds;
        uint128 renewFee;
    }

    /// @notice Where a line stands.
    /// @param owner who changes the plan and closes the line, each after notice
    /// @param planHash keccak(abi.encode(plan)) of the plan in force
    /// @param nextPlanHash of the plan that was announced; 0 without one
    /// @param nextPlanAt from when on `renew` takes that plan
    /// @param closesAt from when on nothing is published any more; 0 while nobody has asked for it
    /// @param budget what the line holds and has not spent
    /// @param count tasks published
    /// @param lastTask number of the last one; 0 before the first
    /// @param generation rises whenever the state of a task that was drawn may be lost
    struct Standing {
        address owner;
        bytes32 planHash;
        bytes32 nextPlanHash;
        Moment nextPlanAt;
        Moment closesAt;
        uint256 budget;
        uint64 count;
        uint256 lastTask;
        uint64 generation;
    }

    /// @notice What `renew` would do now.
    /// @param isDue it would be accepted, the budget aside
    /// @param isLost the state of a task that was drawn may be lost: the generation rises
    /// @param predecessor task that the next one goes on from; 0: from nothing
    /// @param isPaid its caller would be paid the fee of the plan
    struct Seam {
        bool isDue;
        bool isLost;
        bool isPaid;
        uint256 predecessor;
    }

    /// @notice A plan was set, by `open`, or announced.
    /// @param from when `renew` takes it
    event Planned(bytes32 indexed planHash, Plan plan, Moment from);

    /// @notice The line published a task.
    /// @param predecessor task that it goes on from; 0: from nothing
    /// @param generation of the line from this task on
    /// @param keeper who called
    /// @param fee what it was paid
    /// @param escrow what the task cost in advance
    event Renewed(
        uint256 indexed taskId,
        uint256 indexed predecessor,
        uint64 generation,
        address indexed keeper,
        uint256 fee,
        uint256 escrow
    );

    /// @notice Somebody added to the budget.
    event Funded(address indexed from, uint256 amount);

    /// @notice What a task did not spend is in the budget again.
    event Collected(uint256 indexed taskId, uint256 amount);

    /// @notice The owner closes the line.
    /// @param ends from when on nothing is published
    event Closing(Moment ends);

    /// @notice The owner took what was left.
    event Withdrawn(address indexed owner, uint256 amount);

    /// @notice The last task is not near its end, was published just now, or has no accepted height and may still get one.
    /// @param taskId the last task
    /// @param status where it stands
    /// @param last its last accepted height
    error NotDue(uint256 taskId, ITaskBoard.Status status, uint64 last);

    /// @notice Another plan is in force.
    error OtherPlan(bytes32 given, bytes32 expected);

    /// @notice The budget does not pay for the next task and the fee.
    error BudgetTooLow(uint256 budget, uint256 needed);

    /// @notice The line is closed, or about to be.
    error LineClosed(uint64 blockNumber, uint64 time);

    /// @notice Nothing to do: the amount is 0.
    error NothingToMove();

    /// @notice Publishes the next task, and pays the caller. By anyone, once for each seam.
    /// @dev Due, but never sooner than `pace…` after the last publication: before the first task; once the last has expired; while it has an accepted height and is within
    /// `renewBefore…` of its end, or past it; and four times its longest silence after its last checkpoint, or drawing, if it
    /// ended by silence or without an accepted height. The next task goes on from the last one that has an accepted height,
    /// is not tainted, and has a result published by the end of its evidence window. The fee is paid for the first task and
    /// after each that had an accepted height: who lets tasks expire or die earns nothing.
    /// @param plan the plan in force, or the announced one once its notice is over
    function renew(Plan calldata plan) external returns (uint256 taskId);

    /// @notice Adds to the budget. By anyone; only the owner of a closed line takes anything out again.
    function fund(uint256 amount) external;

    /// @notice Takes what a task of the line did not spend back into the budget. By anyone, once `ITaskBoard.claim` pays.
    function collect(uint256 taskId) external returns (uint256 amount);

    /// @notice Announces another plan. By the owner. It is in force one task's length from now on; a later announcement takes
    /// its place, with a notice of its own.
    function announce(Plan calldata plan) external;

    /// @notice Ends the line one task's length from now on. By the owner, once. Tasks that are published go on.
    function closeLine() external;

    /// @notice Pays the budget to the owner. Of a closed line only; again after each `collect`.
    function withdraw() external returns (uint256 amount);

    /// @notice Where the line stands.
    function standing() external view returns (Standing memory);

    /// @notice What `renew` would do now.
    function seam() external view returns (Seam memory);

    /// @notice Task that one of the line's goes on from; 0 for none, and for tasks of others.
    function predecessorOf(uint256 taskId) external view returns (uint256);

    /// @notice The task board.
    function board() external view returns (address);
}
