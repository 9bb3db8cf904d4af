import type { Mutant } from './load.ts'

/** Engines that are broken on purpose, each by a line or two. */
export const MUTANTS = {
  quorumOfTwoThirds: {
    name: 'a quorum is two thirds, not more',
    edits: [
      ['protocol/quorum.ts', '3 * weight > 2 * cluster.totalWeight', '3 * weight >= 2 * cluster.totalWeight'],
    ],
  },
  noLock: {
    name: 'a CONFIRM does not lock',
    edits: [['protocol/share.ts', 'if (confirmed !== NIL) s.lock =', "if (confirmed === '0x') s.lock ="]],
  },
  signsAgain: {
    name: 'after a restart the node signs once more what it has signed',
    edits: [
      [
        'protocol/restore.ts',
        'for (const signed of task.signed) restoreObject(w, signed, task.notes ?? new Map())',
        '',
      ],
      [
        'adapters/memory/store.ts',
        'if (stored === undefined) {',
        'if (stored === undefined || key.length > 0) {',
      ],
    ],
  },
  forgetsVotes: {
    name: 'a restart forgets the locks',
    edits: [
      [
        'protocol/restore.ts',
        'if (value !== NIL && (s.lock === null',
        "if (value === '0x' && (s.lock === null",
      ],
    ],
  },
  waitsForListed: {
    name: 'DEBATE waits for the last list only, not for who was heard',
    edits: [['protocol/awaited.ts', '...heardBefore, ...heard, config.self', 'config.self']],
  },
  signsUnsent: {
    name: 'the node signs a STATUS twice, for itself',
    edits: [
      [
        'node/signing.ts',
        '      const made = signObject(init, object)',
        `      const made = signObject(init, object)
      if (object.type === 'status') signObject(init, { ...object, eventSeq: object.eventSeq + 1 })`,
      ],
    ],
  },
  forgetsVotesUnseen: {
    name: 'a restart forgets the locks, and nobody watches the wire',
    edits: [
      [
        'protocol/restore.ts',
        'if (value !== NIL && (s.lock === null',
        "if (value === '0x' && (s.lock === null",
      ],
      ['sim/judge/wire-tap.ts', 'if (isPair)', 'if (isPair && member < 0)'],
      ['sim/judge/judge.ts', 'if (this.#init.isHonest(by) && this', 'if (by < 0 && this'],
    ],
  },
  staysListed: {
    name: 'who has left is not remembered',
    edits: [
      [
        'protocol/close.ts',
        'w.s.left = bitmapOf([...membersOf(w.s.left), ...leavers])',
        'w.s.left = bitmapOf(membersOf(w.s.left))',
      ],
    ],
  },
  weightHeard: {
    name: 'a commit needs two thirds of the weight heard, not of the registered',
    edits: [
      [
        'protocol/votes.ts',
        'if (!isQuorum(cluster, weightOfSigners(cluster, confirms))) return INCOMPLETE',
        '',
      ],
      [
        'protocol/votes.ts',
        'if (!isQuorum(cluster, weight)) continue',
        'if (3 * votes.length <= 2 * confirms.size || confirms.size === 1) continue',
      ],
    ],
  },
  inputsUnbound: {
    name: 'the inputs of a decision need not be those of its value',
    edits: [
      [
        'protocol/votes.ts',
        'return root === list.inputsRoot ? listed : null',
        'return root.length > 0 ? listed : null',
      ],
    ],
  },
  believesAnyone: {
    name: 'signatures are not checked',
    edits: [['node/admit.ts', '!== member.key) {', "=== ('0x' as string)) {"]],
  },
  shortLists: {
    name: 'a list below quorum weight is good enough',
    edits: [
      ['protocol/votes.ts', 'return isQuorum(cluster, weightOf(cluster, membersOf(inputs)))', 'return true'],
      [
        'protocol/rounds.ts',
        'if (!isQuorum(s.config.cluster, weightOf(s.config.cluster, members))) return false',
        'if (members.length === 0) return false',
      ],
    ],
  },
  shortListsUnseen: {
    name: 'a list below quorum weight is good enough, and nobody watches the wire',
    edits: [
      ['protocol/votes.ts', 'return isQuorum(cluster, weightOf(cluster, membersOf(inputs)))', 'return true'],
      [
        'protocol/rounds.ts',
        'if (!isQuorum(s.config.cluster, weightOf(s.config.cluster, members))) return false',
        'if (members.length === 0) return false',
      ],
      [
        'sim/judge/wire-tap.ts',
        'if (3 * weight <= 2 * cluster.totalWeight) violate',
        'if (weight < 0) violate',
      ],
      ['sim/judge/judge.ts', 'if (this.#init.isHonest(by) && this', 'if (by < 0 && this'],
    ],
  },
  believesOneReporter: {
    name: 'one member’s word is enough for a ledger event',
    edits: [
      [
        'protocol/ledger.ts',
        'if (hasHonest(s.config.cluster, weight)) return',
        'if (weight > 0 || hasHonest(s.config.cluster, weight)) return',
      ],
    ],
  },
  servesNobody: {
    name: 'members that are behind get no decided heights',
    edits: [
      [
        'node/task-runner.ts',
        "      case 'serveHeights':",
        "      case 'serveHeights':\n        if (effect.kind.length > 0) break",
      ],
    ],
  },
  noSeal: {
    name: 'a store that is older than its seal is taken for whole, and nobody is asked',
    edits: [
      [
        'adapters/memory/store.ts',
        "const verdict = isNew ? 'new' : verdictOf(",
        "const verdict = seal !== undefined ? 'whole' : verdictOf(",
      ],
      ['node/signing-watch.ts', 'if (member !== self || isFaulty', 'if (member !== self || hash.length > 0'],
      ['node/signing-watch.ts', '#fence = SIGN_NOTHING', '#fence = 0'],
      ['node/task-runner.ts', "this.input({ kind: 'fence', upTo: SIGN_NOTHING })", ''],
      ['node/signing-watch.ts', 'if (isFaulty || height <= this.#known', 'if (height > 0 || isFaulty'],
    ],
  },
  stallsBySeconds: {
    name: 'a task without a checkpoint ends after its seconds, however few blocks there were',
    edits: [
      [
        'types/life.ts',
        'if (at.number > silence.number && isReached(silence, at))',
        'if (at.time >= silence.time)',
      ],
    ],
  },
  joinsOnce: {
    name: 'what was mined is taken for settled: a lost sign-up is not done again',
    edits: [['node/sign-up.ts', 'task.joined = (await chain.signups(taskId)).includes(key)\n', '']],
  },
  republishesOnce: {
    name: 'what was mined is taken for settled: a lost note is not published again',
    edits: [
      [
        'node/republisher.ts',
        'open.settled = settledAt(outcome, head, chain.reorgDepth)',
        'this.#open.delete(height)',
      ],
    ],
  },
  forgetsEpochs: {
    name: 'a restart forgets the CHECKPOINTs of epochs that are over',
    edits: [
      [
        'node/restored.ts',
        'if (store.checkpoint(id, height) !== null) break',
        'if (store.checkpoint(id, height) !== null || height < values.length) break',
      ],
    ],
  },
  parentsAlike: {
    name: 'two objects that name one parent are taken for two parents',
    edits: [['codec/evidence.ts', '&& first.parent !== second.parent', '&& first.parent.length > 0']],
  },
  followsAnyParent: {
    name: 'a STATUS that follows another history is listed',
    edits: [['protocol/debate.ts', 'if (input.object.parent !== parentOf(w)) return false', '']],
  },
  noFence: {
    name: 'what may be missing in the store is signed again',
    edits: [
      ['protocol/standing.ts', "'height' in object ? object.height > fence :", "'height' in object ? true :"],
    ],
  },
  signsUnvetted: {
    name: 'a CHECKPOINT of a provable task is signed before its heights are vetted',
    edits: [
      ['protocol/checkpoint.ts', 'if (s.config.isProvable === true && s.vetted < height) continue', ''],
    ],
  },
  opensNoHistory: {
    name: 'nobody opens the other history of a CHECKPOINT',
    edits: [['protocol/parents.ts', 'if (vote !== null) emit', 'if (vote === undefined) emit']],
  },
  provesOnce: {
    name: 'what was mined is taken for settled: a lost proof is not brought again',
    edits: [
      ['node/accuser.ts', "book.mark(id, 'submitted', hash)", "book.mark(id, 'accepted', hash)"],
      [
        'node/accuser.ts',
        'if (error === QUICKER) {',
        "if (error === QUICKER) {\n      book.mark(id, 'accepted', null)",
      ],
    ],
  },
} as const satisfies Record<string, Mutant>
