/**
 * Proofs about the libraries by solc's model checker, with the solver (Z3) that is part of solc's JavaScript: nothing to
 * install. Each function of test/proofs/*.sol is a property: whatever its arguments, if what it requires holds, so does
 * what it asserts. And nothing that it calls overflows, underflows, or divides by zero.
 */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** Vacuous: nothing meets what the function requires, so that it says nothing. */
export type Verdict = 'proved' | 'unknown' | 'vacuous' | 'counterexample'

export interface Proof {
  /** A function of the file; for arithmetic, where it stands. */
  readonly property: string
  readonly verdict: Verdict
  /** Why it is not proved. No values: solc mixes those of all variables that have the same name. */
  readonly detail: string
}

/** Text of a source by its path in the project. */
export type Read = (path: string) => string
export const readProject: Read = (path) => readFileSync(join(root, path), 'utf8')

interface Place {
  readonly file: string
  /** In bytes, as `end`. */
  readonly start: number
  readonly end: number
}

interface Message {
  readonly severity: 'error' | 'warning' | 'info'
  readonly message: string
  readonly formattedMessage: string
  readonly sourceLocation?: Place
}

interface Solc {
  compile(input: string, callbacks: { import: (path: string) => { contents: string } }): string
  version(): string
}

const solc = createRequire(import.meta.url)('solc') as Solc
export const SOLVER = `solc ${solc.version()} with its own Z3`

const CLAIM = 'assert'
const ARITHMETIC = ['overflow', 'underflow', 'divByZero']
/** Where calls from several functions lead to the same line, the worst counts. */
const FROM_WORST: readonly Verdict[] = ['counterexample', 'vacuous', 'unknown', 'proved']
const ANSWER = /^BMC: (.+?)(?: \(.*\))? (happens here|might happen here|check is safe)/
/** The engine leaves in a later solc; libraries hold assembly, but no function that is called here does. */
const EXPECTED = /^The BMC engine of the SMTChecker is deprecated|unsupported language feature/

/** All that a file of proofs claims, and what the solver says. */
export function prove(file: string, read: Read = readProject): Proof[] {
  const text = read(file)
  const names = [...text.matchAll(/function (\w+)\([^{]*\) external/g)].map(([, name]) => name ?? '')
  const answers = ask(file, read, [CLAIM, ...ARITHMETIC])
  // whatever meets the premises makes `false` false: something has to
  const absurd = text.replaceAll(/assert\([\s\S]*?\);/g, 'assert(false);')
  const met = ask(file, (path) => (path === file ? absurd : read(path)), [CLAIM])
  const proofs = names.map((property): Proof => {
    const claim = answers.find((answer) => answer.property === property)
    if (claim === undefined) return { property, verdict: 'unknown', detail: 'no answer' }
    const isMet = met.some((answer) => answer.property === property && answer.verdict === 'counterexample')
    if (claim.verdict !== 'proved' || isMet) return claim
    return { property, verdict: 'vacuous', detail: 'nothing meets what it requires' }
  })
  return worstOfEach([...proofs, ...answers])
}

/** What the solver answers. */
function ask(file: string, read: Read, targets: readonly string[]): Proof[] {
  const input = {
    language: 'Solidity',
    sources: { [file]: { content: read(file) } },
    settings: {
      evmVersion: 'osaka',
      modelChecker: {
        contracts: { [file]: [basename(file, '.sol')] },
        engine: 'bmc',
        showProvedSafe: true,
        showUnproved: true,
        solvers: ['z3'],
        targets,
      },
    },
  }
  const output = JSON.parse(
    solc.compile(JSON.stringify(input), { import: (path) => ({ contents: read(path) }) }),
  ) as { errors?: Message[] }
  const messages = (output.errors ?? []).filter(({ message }) => !EXPECTED.test(message))
  const error = messages.find(({ severity }) => severity === 'error')
  if (error !== undefined) throw new Error(error.formattedMessage)
  return messages.map((message) => proofOf(message, file, read))
}

function proofOf({ message, sourceLocation: place }: Message, file: string, read: Read): Proof {
  const [headline = ''] = message.split('\n')
  const [, what = '', outcome] = ANSWER.exec(headline) ?? []
  if (outcome === undefined || place === undefined)
    return { property: file, verdict: 'unknown', detail: headline }
  const bytes = Buffer.from(read(place.file))
  const before = bytes.subarray(0, place.start).toString()
  const name = /.*function (\w+)/s.exec(before)?.[1] ?? ''
  const expression = bytes.subarray(place.start, place.end).toString().replaceAll(/\s+/g, ' ')
  const line = before.split('\n').length
  const property =
    what === 'Assertion violation'
      ? name
      : `${basename(place.file)}:${line} no ${what.toLowerCase()} in ${expression}`
  if (outcome === 'check is safe') return { property, verdict: 'proved', detail: '' }
  if (outcome === 'might happen here') return { property, verdict: 'unknown', detail: 'the solver gives up' }
  return { property, verdict: 'counterexample', detail: `false is ${expression}` }
}

function worstOfEach(proofs: readonly Proof[]): Proof[] {
  const worst = new Map<string, Proof>()
  for (const proof of proofs) {
    const other = worst.get(proof.property)
    if (other === undefined || FROM_WORST.indexOf(proof.verdict) < FROM_WORST.indexOf(other.verdict))
      worst.set(proof.property, proof)
  }
  return [...worst.values()]
}
