// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Moment} from "../libraries/Moments.sol";
import {ITaskBoard} from "./ITaskBoard.sol";

/// @title The anchored history of every task
/// @notice Keeps per task the last accepted height, the cumulative root and packed counters; everything else is events
/// and calldata. A checkpoint is accepted if members with more than 2/3 of the registered weight signed
/// Checkpoint(cluster, height, root, logSeq, logHead, inputsHash), and the member whose turn it is submits it.
/// @dev Calls nobody: the task board hands over what a checkpoint is judged by when the cluster is drawn.
/// Protocol objects are signed under RSDP, 3, chain id, this contract and `deploymentId` as salt.
interface IPhaseLog {
    /// @notice What a checkpoint is judged by. Handed over once; later only the end changes, when the client revokes the task,
    /// and the ledger events grow.
    /// @param cluster digest that every signed object names
    /// @param snapshot data contract with the members
    /// @param members n
    /// @param heights last height of the task; 0: it was revoked before the cluster was drawn, and accepts none
    /// @param epochHeights R
    /// @param stallBlocks blocks without a checkpoint that end the task
    /// @param stallSeconds seconds without a checkpoint that end the task, once these blocks are over, too
    /// @param turnBlocks g
    /// @param closeGrace blocks for which the task stays Finalizing at least
    /// @param graceSeconds seconds for which it stays Finalizing at least
    /// @param endBlock the task does not end before
    /// @param endTime the task does not end before
    /// @param feesMax number of fees that the escrow holds
    /// @param inputsPerHeightMax largest `inputs` per height, bytes; 0 = the task does not publish inputs
    struct Terms {
        bytes32 cluster;
        address snapshot;
        uint8 members;
        uint16 heights;
        uint16 epochHeights;
        uint32 stallBlocks;
        uint32 stallSeconds;
        uint32 turnBlocks;
        uint32 closeGrace;
        uint32 graceSeconds;
        uint40 endBlock;
        uint40 endTime;
        uint16 feesMax;
        uint24 inputsPerHeightMax;
    }

    /// @notice By what the signed objects of a task are judged.
    /// @param separator EIP-712 separator under which they are signed
    /// @param cluster digest that they name; 0 before the cluster was formed
    /// @param snapshot data contract with the members; 0 before
    /// @param epochHeights R; 0 before
    struct Identity {
        bytes32 separator;
        bytes32 cluster;
        address snapshot;
        uint16 epochHeights;
    }

    /// @notice Where a task's history stands.
    /// @param root root_last; root_0 after the cluster was formed, 0 before
    /// @param last last accepted height, 0 before the first
    /// @param eventSeq highest ledger event that the decided values have seen
    /// @param events number of ledger events, posted ones and system entries
    /// @param lastAt moment of the last checkpoint that was accepted before the task was Finalizing, or of `open`
    /// @param graceHeights heights accepted while the task was Finalizing
    /// @param members size n of the cluster, 0 before it was formed
    struct Head {
        bytes32 root;
        uint64 last;
        uint64 eventSeq;
        uint64 events;
        Moment lastAt;
        uint64 graceHeights;
        uint8 members;
    }

    /// @notice Heights first … last are accepted.
    /// @param taskId the task
    /// @param first first height of the batch, last accepted height before it + 1
    /// @param last last height of the batch
    /// @param root root_last
    /// @param eventSeq highest ledger event seen up to `last`
    /// @param bitmap bit i set: member i signed
    /// @param sharedSeq log sequence number that all signers but the exceptions signed
    /// @param sharedHead log head that all signers but the exceptions signed
    /// @param submitter who sent it
    /// @param batch per height: u8 hint ‖ stateHash ‖ inputsRoot ‖ u16 eventSeqDelta ‖ list bitmap of ⌈n / 8⌉ bytes;
    /// folded into `root`, except the hint
    /// @param exceptions u8 member ‖ u64 logSeq ‖ bytes32 logHead each, signed
    /// @param notes log entries of members whose log differs; not checked here, right iff the signed head comes out
    /// @param inputs what the heights were aggregated from; their hash is signed
    event Checkpointed(
        uint256 indexed taskId,
        uint64 first,
        uint64 last,
        bytes32 root,
        uint64 eventSeq,
        uint256 bitmap,
        uint64 sharedSeq,
        bytes32 sharedHead,
        address submitter,
        bytes batch,
        bytes exceptions,
        bytes notes,
        bytes inputs
    );

    /// @notice Somebody published hints and notes of an accepted checkpoint again. Nothing of it is checked here.
    /// @param height last height of the checkpoint
    /// @param hints u8 per height of the checkpoint, as in its batch; may be empty
    /// @param notes as in `checkpoint`; may be empty
    event Republished(uint256 indexed taskId, uint64 indexed height, bytes hints, bytes notes);

    /// @notice It is another member's turn.
    /// @param member whose turn it is, with its key
    /// @param until last block of the turn
    error NotYourTurn(address caller, uint8 member, address key, uint256 until);

    /// @notice No checkpoint was accepted up to this height.
    error NotAccepted(uint256 height, uint256 last);

    /// @notice The batch does not continue the accepted history (another submitter was faster, or a replay).
    error WrongFirst(uint256 given, uint256 expected);

    /// @notice The batch ends beyond the last height that the task still accepts.
    error BeyondLimit(uint256 last, uint256 limit);

    /// @notice A batch stays within one epoch of `epochHeights` heights.
    error CrossesEpoch(uint256 first, uint256 last, uint256 epochHeights);

    /// @notice The batch has seen an event that was not posted.
    error UnknownEvent(uint256 eventSeq, uint256 posted);

    /// @notice `inputs` is empty where the task publishes inputs, or given where it does not.
    error InputsMode(bool published, uint256 length);

    /// @notice The task's cluster is not drawn (yet).
    error NotOpen(uint256 taskId);

    /// @notice The task's cluster was drawn before.
    error AlreadyOpen(uint256 taskId);

    /// @notice Starts the history of a task and pays for all storage it will need. Only the task board.
    function open(uint256 taskId, Terms calldata terms) external;

    /// @notice Appends a ledger event to the task's sequence. Only the task board, from `publish` on.
    /// @dev e_0 = 0, e_k = keccak(e_{k−1} ‖ u8 kind ‖ address originator ‖ dataHash).
    /// @param kind 0: posted by the client or a reporter; 1: a conviction, by the board
    /// @param originator who posted it; 0 for a conviction
    /// @param dataHash keccak of its body
    /// @return seq its number, from 1
    function noteEvent(
        uint256 taskId,
        uint8 kind,
        address originator,
        bytes32 dataHash
    ) external returns (uint64 seq);

    /// @notice The task ends in this block, whatever time it had left. Only the task board, while the task is Active.
    function end(uint256 taskId) external;

    /// @notice Accepts the next heights of a task. By the key of the member whose turn it is; by anyone while the task is
    /// Finalizing.
    /// @dev An operator's wallet has no turn: it may change in mid-task, and the log, which calls nobody, cannot ask. A fee is
    /// due if the batch ends an epoch or the task, or comes at least stallBlocks / 2 and stallSeconds / 2 after the last one
    /// (while Finalizing: the first one only), as long as the escrow holds one. The member whose turn it is earns
    /// checkpointFee · w(signers) / W of it; what is left is burnt, so that nobody gains by
    /// a signature that is left out, nor by submitting while Finalizing in another member's turn.
    /// Members miss the reward of each height whose list leaves them out; who signs the checkpoint changes nobody's reward.
    /// @param taskId the task, Active or Finalizing
    /// @param first last accepted height + 1
    /// @param batch 67 bytes and a list of ⌈n / 8⌉ bytes per height, within one epoch; lists name members only
    /// @param bitmap bit i set: member i signed
    /// @param sharedSeq log sequence number signed by all signers but the exceptions
    /// @param sharedHead log head signed by all signers but the exceptions
    /// @param exceptions 41 bytes per signer with another log head, ascending
    /// @param notes for readers, not checked
    /// @param inputs for readers; the signers signed their keccak, 0 if empty; empty unless the task publishes inputs
    /// @param signatures 65 bytes r ‖ s ‖ v per signer, ascending by member
    function checkpoint(
        uint256 taskId,
        uint64 first,
        bytes calldata batch,
        uint256 bitmap,
        uint64 sharedSeq,
        bytes32 sharedHead,
        bytes calldata exceptions,
        bytes calldata notes,
        bytes calldata inputs,
        bytes calldata signatures
    ) external;

    /// @notice Publishes hints and notes of an accepted checkpoint again, for readers: what stands in the checkpoint is the
    /// submitter's choice. By anyone, at any time.
    /// @param height last height of the checkpoint, at most the last accepted height
    /// @param hints u8 per height of the checkpoint, at most 256 bytes
    /// @param notes at most 31 KiB
    function republish(uint256 taskId, uint64 height, bytes calldata hints, bytes calldata notes) external;

    /// @notice Where the task's history stands.
    function head(uint256 taskId) external view returns (Head memory);

    /// @notice Bitmap of the members who signed the last accepted checkpoint; 0 before the first.
    function signersOf(uint256 taskId) external view returns (uint256 bitmap);

    /// @notice Rolling hash e_seq of the ledger events 1 … seq; 0 for seq 0 and for events that were not posted.
    function eventsHash(uint256 taskId, uint64 seq) external view returns (bytes32);

    /// @notice Status of a task whose cluster was drawn, and the moment at which it closed (0 while it runs). For tasks
    /// in general ask the board.
    /// @dev With `last` the moment of the last checkpoint before Finalizing, or of `open`: if `last` + stall lies before the
    /// end (by time; by blocks where stallSeconds is 0), the task is NoQuorum once the former is past, and else Finalizing
    /// from the end on until (max(end, last) + grace). The last height, if accepted before the end, and `revoke` are ends.
    function statusOf(
        uint256 taskId
    ) external view returns (ITaskBoard.Status status, Moment memory closedAt);

    /// @notice Last height that can still be accepted: the task's last, or at most R more once it is Finalizing.
    function limitOf(uint256 taskId) external view returns (uint64 limit);

    /// @notice What each member has earned so far, by member index.
    /// @return last last accepted height
    /// @return feesDue number of checkpoints for which a fee was due
    /// @return missed heights up to `last` whose list leaves the member out
    /// @return feeUnits sum of the signers' weights of the checkpoints whose fee the member earned
    function tally(
        uint256 taskId
    ) external view returns (uint64 last, uint64 feesDue, uint16[] memory missed, uint32[] memory feeUnits);

    /// @notice Member whose turn it is in block `blockNumber`, if no checkpoint is accepted before:
    /// (⌊last / R⌋ + ⌊blocks since `lastAt` / turnBlocks⌋) mod n.
    function turnAt(uint256 taskId, uint256 blockNumber) external view returns (uint8 member);

    /// @notice By what the signed objects of a task are judged.
    function identityOf(uint256 taskId) external view returns (Identity memory);

    /// @notice The task board.
    function board() external view returns (address);

    /// @notice Salt of the signing domain, different for every deployment, even on a restarted chain:
    /// keccak(abi.encode(chainid, this, previous block hash, timestamp, deployer, nonce argument)).
    function deploymentId() external view returns (bytes32);

    /// @notice EIP-712 separator under which protocol objects are signed.
    function domainSeparator() external view returns (bytes32);
}
