// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ITaskBoard} from "./ITaskBoard.sol";

/// @title Proofs of misbehaviour
/// @notice One entry point per kind of provable deviation. Whoever brings a proof that holds is credited a part of what is
/// taken at once, about the price of its gas. Holds no money: it convicts, the board penalises.
/// @dev Signed objects come as `fields` = abi.encode of the fields after `cluster`, in the order of their EIP-712 type,
/// each one 32-byte word, and a strict 65-byte signature by the key that the task's snapshot gives for `member`. What an
/// honest node signs never satisfies any of these rules, whatever the others sign.
interface ISlasher {
    /// @notice What a member was convicted of. Names in brackets: as in the protocol's documentation.
    enum Offence {
        None,
        /// two different objects for one sign-once key (E1)
        Equivocation,
        /// a vote against an own CONFIRM without the reason that would have unlocked it (E1b)
        Amnesia,
        /// a signed log with an illegal step, or two signed logs of one epoch that do not extend each other (E2)
        IllegalLog,
        /// a fresh vote for a list that is no list, or a vote that rests on a round that is none (E3)
        UnjustifiedVote,
        /// a fresh vote for a state that the reducer does not give (E4)
        WrongReduction,
        /// a signed history with a state in it that the reducer does not give (E5)
        WrongCheckpoint,
        /// a vote that follows another history than its signer names elsewhere (E6)
        TwoParents
    }

    /// @notice What a decided height says: the parts of its value, and the root that it follows.
    /// @param parent root of the height before
    struct Claim {
        uint64 height;
        bytes32 parent;
        bytes32 stateHash;
        bytes32 inputsRoot;
        uint256 inputs;
        uint64 eventSeq;
        bytes32 eventsHash;
    }

    /// @notice The height before, which hashes to `parent`. Read only in tasks whose parameters say `usesPrevious`. Of height 1
    /// of a task with a predecessor, `state` alone is read: the predecessor's published result.
    /// @param state canonical bytes of its decided state
    /// @param root that it follows: root of the height before it
    struct Before {
        bytes state;
        bytes32 inputsRoot;
        uint256 inputs;
        uint64 eventSeq;
        bytes32 eventsHash;
        bytes32 root;
    }

    /// @notice A listed STATUS with the state behind it.
    /// @param member who signed it
    /// @param eventSeq its field
    /// @param state canonical bytes whose keccak is its stateHash
    struct ListedInput {
        uint8 member;
        uint64 eventSeq;
        bytes state;
    }

    /// @notice CONFIRMs for the wrong value in one round: the impact of a wrong reduction.
    /// @param round their round
    /// @param members bitmap of who signed, without the accused or with it
    /// @param signatures 65 bytes each, ascending by member
    struct Confirmers {
        uint32 round;
        uint256 members;
        bytes signatures;
    }

    /// @notice A proof held. The penalty follows in the board's `Penalised`.
    /// @param offence what was proved
    /// @param height of the objects; of the later one if they differ
    /// @param first hashStruct of the first object
    /// @param second hashStruct of the second object; 0 where one is enough
    /// @param percent base share of the lock, 1 … 100
    /// @param reporter who brought the proof
    /// @param evidence the call that proved it: selector and arguments
    event Convicted(
        uint256 indexed taskId,
        uint8 indexed member,
        Offence indexed offence,
        uint64 height,
        bytes32 first,
        bytes32 second,
        uint8 percent,
        address reporter,
        bytes evidence
    );

    /// @notice A step of a proof about a long log held.
    /// @param checkpoint hashStruct of the CHECKPOINT whose logHead is being opened
    /// @param head from which known entries lead to it
    /// @param evidence the call: selector and arguments
    event LogOpened(
        uint256 indexed taskId,
        uint8 indexed member,
        bytes32 checkpoint,
        bytes32 head,
        bytes evidence
    );

    /// @notice A height is refuted: its state is not what the twin makes of its list.
    /// @param root after that height
    /// @param taints the accepted history holds it: the task's result is tainted for good
    /// @param evidence the call: selector and arguments
    event Refuted(uint256 indexed taskId, uint64 indexed height, bytes32 root, bool taints, bytes evidence);

    /// @notice The signature is malformed or by another key.
    error NotSignedBy(uint256 member, address signer, address key);

    /// @notice No such seat.
    error NoSuchMember(uint256 member, uint256 members);

    /// @notice The fields are not those of an object of that type.
    error BadFields(uint8 objectType, uint256 length);

    /// @notice The objects are well signed and prove nothing.
    /// @param rule which condition does not hold, ASCII, left-aligned
    error ProvesNothing(bytes32 rule);

    /// @notice Nothing can be said about the reduction: no twin, changed code, ledger events that the chain does not have, a
    /// twin that reverts.
    error NoVerdict(bytes32 reason);

    /// @notice Two different objects of one type for one sign-once key: type and height, and for HELLO, SHARE, CONFIRM
    /// the round.
    /// @param objectType HELLO 1, STATUS 2, SHARE 3, CONFIRM 4, CHECKPOINT 5
    function equivocation(
        uint256 taskId,
        uint8 member,
        uint8 objectType,
        bytes calldata first,
        bytes calldata firstSignature,
        bytes calldata second,
        bytes calldata secondSignature
    ) external;

    /// @notice CONFIRM(v, r) and SHARE(v′, r′, validRound) of one height with v, v′ ≠ NIL, v′ ≠ v, r′ > r, validRound < r.
    function amnesia(
        uint256 taskId,
        uint8 member,
        bytes calldata confirm,
        bytes calldata confirmSignature,
        bytes calldata share,
        bytes calldata shareSignature
    ) external;

    /// @notice Opens a signed log backwards, in steps: at most 2,048 entries that lead from `headBefore` to the signed head,
    /// or to a head of it that was opened before. The head after the first of them is open from now on: the next
    /// step, `illegalLog` or `forkedLog` may end there, so that stretches overlap by one entry. Anybody may go on with what
    /// others opened, and members who signed one head share the steps. Convicts nobody.
    /// @dev ~2,000 gas an entry. A head opens in one way alone, so that no step can spoil another.
    /// @param entries packed, 55 bytes each
    function openLog(
        uint256 taskId,
        uint8 member,
        bytes calldata checkpoint,
        bytes calldata signature,
        bytes32 headBefore,
        bytes calldata entries
    ) external;

    /// @notice At most 2,048 entries that lead from `headBefore` to the signed head, or to one that was opened of it, with an
    /// illegal triple, a gap, a `from` that is not the `to` before, or a falling (height, round); or the last of all has
    /// another number than the logSeq that was signed.
    /// @param entries packed, 55 bytes each
    function illegalLog(
        uint256 taskId,
        uint8 member,
        bytes calldata checkpoint,
        bytes calldata signature,
        bytes32 headBefore,
        bytes calldata entries
    ) external;

    /// @notice Two CHECKPOINTs of one epoch, `first` of the lower height, whose logs do not extend each other: the second
    /// log is not longer, or its entries after the first one's logSeq (at most 2,048, which lead from `headBefore` to
    /// its head or to one that was opened of it) begin at a head that is not the first one's.
    /// @param entries packed, 55 bytes each; empty if the second log is not longer
    function forkedLog(
        uint256 taskId,
        uint8 member,
        bytes calldata first,
        bytes calldata firstSignature,
        bytes calldata second,
        bytes calldata secondSignature,
        bytes32 headBefore,
        bytes calldata entries
    ) external;

    /// @notice A SHARE or HELLO whose validRound is below −1 or not below its round; or a fresh SHARE that is not NIL, or a
    /// convener's fresh HELLO (validRound −1), whose bitmap names a seat that does not exist or weighs no quorum.
    /// @param objectType HELLO 1 or SHARE 3
    function unjustifiedVote(
        uint256 taskId,
        uint8 member,
        uint8 objectType,
        bytes calldata vote,
        bytes calldata signature
    ) external;

    /// @notice A fresh SHARE that is not NIL whose stateHash is not the hash of what the twin makes of its list, or whose
    /// list holds a state that the twin's `validate` refuses. No verdict if the ledger events that it names are not the chain's.
    /// @param params the task's, as published
    /// @dev Every listed seat that is not among `inputs` must have signed its CLOSE: the right state is then what
    /// `IReducer.close` makes of the aggregate. A vote that counts a CLOSE which nobody signed gets no verdict here.
    /// @param inputs the listed STATUS in ascending order
    /// @param closes signatures of the listed CLOSEs, 65 bytes each, ascending by member
    /// @param events ledger events 1 … eventSeq of the SHARE, packed: u8 kind ‖ address originator ‖ u16 length ‖ data each
    /// @param before the height before, if the reducer is handed its state
    function wrongReduction(
        uint256 taskId,
        uint8 member,
        bytes calldata share,
        bytes calldata signature,
        ITaskBoard.TaskParams calldata params,
        ListedInput[] calldata inputs,
        bytes calldata closes,
        bytes calldata events,
        Confirmers calldata confirmers,
        Before calldata before
    ) external;

    /// @notice Shows that a height's state is not what the twin makes of its list, as `wrongReduction` does of a vote's.
    /// Convicts nobody: it is a step of `wrongCheckpoint`. If `later` leads from that height to the accepted root, the result
    /// is tainted, up to the last block in which a conviction may come. A height that is refuted may be brought again to taint.
    /// @param later values of the heights after it, as many as lead to the accepted root; empty if none are to
    /// @dev Height and root name what is refuted, so that nobody can have a right root refuted under a wrong height.
    function refute(
        uint256 taskId,
        Claim calldata claim,
        bytes32[] calldata later,
        ITaskBoard.TaskParams calldata params,
        ListedInput[] calldata inputs,
        bytes calldata closes,
        bytes calldata events,
        Before calldata before
    ) external;

    /// @notice A CHECKPOINT whose root folds from the root of a refuted height. Whoever signs a history has opened all of it.
    /// @param height refuted
    /// @param root after it
    /// @param later values of the heights from there to the CHECKPOINT's
    function wrongCheckpoint(
        uint256 taskId,
        uint8 member,
        bytes calldata checkpoint,
        bytes calldata signature,
        uint64 height,
        bytes32 root,
        bytes32[] calldata later
    ) external;

    /// @notice A SHARE that is not NIL whose parent is not the one that its signer names in its STATUS or in another such
    /// SHARE of that height, or in its CHECKPOINT of the height before.
    /// @dev A certificate of the height before is no such proof: where a third lies there are two of them, and who follows
    /// one honestly would be convicted by the other.
    /// @param objectType of the other object: STATUS 2, SHARE 3, CHECKPOINT 5
    function twoParents(
        uint256 taskId,
        uint8 member,
        uint8 objectType,
        bytes calldata other,
        bytes calldata otherSignature,
        bytes calldata share,
        bytes calldata shareSignature
    ) external;

    /// @notice Whether a height was refuted.
    /// @param root after it
    function isRefuted(uint256 taskId, uint64 height, bytes32 root) external view returns (bool);

    /// @notice Whether the accepted history of a task holds a refuted height.
    function isTainted(uint256 taskId) external view returns (bool);

    /// @notice What consumers ask about results.
    function results() external view returns (address);

    /// @notice The board that penalises, and whose clusters are judged.
    function board() external view returns (address);

    /// @notice The log in whose domain the objects are signed.
    function log() external view returns (address);
}
