/** The twin of the template's reducer, and what it is called by; both are the author's own from then on. */
export const TWIN_FILES: ReadonlyMap<string, string> = new Map([
  [
    'Twin.sol',
    `// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IReducer} from "./IReducer.sol";

/// What reducer.ts says, for the contract that convicts: the same bytes in, the same bytes out. It must read nothing but what it
/// is asked, and refuse an aggregate that has an input which \`validate\` refuses.
contract Twin is IReducer {
    uint256 private constant BYTES = 8;

    error BadInput();

    function validate(bytes calldata params, bytes calldata state) public pure override returns (bool) {
        return params.length == BYTES && state.length == BYTES && bytes8(state) <= bytes8(params);
    }

    function aggregate(
        bytes calldata params,
        Context calldata,
        Input[] calldata inputs,
        Event[] calldata
    ) external pure override returns (bytes memory) {
        return _highest(params, inputs);
    }

    function close(
        bytes calldata params,
        Context calldata,
        bytes calldata,
        Input[] calldata remaining
    ) external pure override returns (bytes memory) {
        return _highest(params, remaining);
    }

    function _highest(bytes calldata params, Input[] calldata inputs) private pure returns (bytes memory) {
        bytes8 best = 0;
        for (uint256 i = 0; i < inputs.length; ++i) {
            bytes calldata state = inputs[i].state;
            if (!validate(params, state)) revert BadInput();
            if (bytes8(state) > best) best = bytes8(state);
        }
        return abi.encodePacked(best);
    }
}
`,
  ],
  [
    'IReducer.sol',
    `// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

/// How nodes and the slasher ask a twin.
interface IReducer {
    struct Member {
        address key;
        uint16 weight;
    }

    /// \`previous\` is empty unless the reducer says \`uses: ['previous']\`.
    struct Context {
        bytes32 seed;
        uint64 height;
        Member[] members;
        bytes previous;
    }

    struct Input {
        uint8 member;
        bytes state;
    }

    /// Kind 0: posted; 1: a conviction. Leave kinds out that you do not know.
    struct Event {
        uint8 kind;
        bytes data;
    }

    /// Whether a member may bring this state. Answers for any bytes.
    function validate(bytes calldata params, bytes calldata state) external view returns (bool);

    /// aggregateStatus, over inputs that ascend by member.
    function aggregate(
        bytes calldata params,
        Context calldata context,
        Input[] calldata inputs,
        Event[] calldata events
    ) external view returns (bytes memory);

    /// aggregateClose: asked for lists in which somebody leaves, with what \`aggregate\` gives for the same inputs.
    function close(
        bytes calldata params,
        Context calldata context,
        bytes calldata state,
        Input[] calldata remaining
    ) external view returns (bytes memory);
}
`,
  ],
])

export const TWIN_README = `
\`Twin.sol\` says the same as \`reducer.ts\`, for the contract that convicts who lies about a result. \`app test\` runs the two against each
other. Publish it with the application, and name it in a task:

    rsdp app publish .
    rsdp task publish --app . --provable
`
