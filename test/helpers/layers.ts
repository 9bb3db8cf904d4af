/** Who may import whom in `src/`, as data, and the check of one file against it. */
import { dirname, join, normalize } from 'node:path/posix'
import ts from 'typescript'

export interface Layer {
  /** Layers it may import; its own files always. */
  readonly imports: readonly string[]
  /** Layers of which it may import types, which are gone when it runs. */
  readonly types?: readonly string[]
  /** Packages it may import; any if absent. */
  readonly packages?: readonly string[]
  /** `pure`: no I/O, clock, chance, locale or waiting. `closed`: the same, but it may wait for what it is given. */
  readonly nature?: 'pure' | 'closed'
}

const BASE = ['types', 'codec'] as const
const EVERYTHING = [
  ...BASE,
  'protocol',
  'reducers',
  'catalog',
  'sandbox',
  'services',
  'learning',
  'views',
  'policy',
  'ports',
  'adapters',
  'faults',
  'node',
  'sim',
  'audit',
  'dashboard',
  'lab',
  'demo',
  'api',
  'agreement',
  'agents',
  'compose',
  'hardhat.config.ts',
  'ignition',
]

export const LAYERS: Readonly<Record<string, Layer>> = {
  types: { imports: [], packages: [], nature: 'pure' },
  codec: { imports: ['types'], packages: ['ethers', '@ipld/dag-cbor'], nature: 'pure' },
  protocol: { imports: BASE, types: ['reducers'], packages: [], nature: 'pure' },
  // runs what it is handed, and by default what the catalogue has
  reducers: { imports: [...BASE, 'catalog'], packages: [], nature: 'pure' },
  // the list of what the package comes with
  catalog: { imports: [...BASE, 'reducers', 'services'], packages: [], nature: 'pure' },
  // what a node agrees to: a decision about facts, and the shape of the file that says how
  policy: { imports: [...BASE, 'reducers', 'catalog'], packages: ['zod'], nature: 'pure' },
  views: { imports: [...BASE, 'protocol'], packages: [], nature: 'pure' },
  // folds over agreed inputs; what samples and acts on a machine lives with the node
  services: { imports: [...BASE, 'reducers'], packages: [], nature: 'pure' },
  // formats of data, measures and training; what scores with the trained models are services
  learning: { imports: [...BASE, 'services'], packages: [], nature: 'pure' },
  // what it is asked and what it answers is the reducers' matter
  sandbox: { imports: [...BASE, 'reducers', 'catalog'], packages: [], nature: 'pure' },
  // a port speaks of what passes through it, so it may name those types, but it runs nothing
  ports: {
    imports: ['types'],
    types: ['codec', 'protocol', 'reducers', 'sandbox'],
    packages: [],
    nature: 'closed',
  },
  // what passes through a port has the protocol's types; its values stay out of reach
  adapters: { imports: [...BASE, 'ports'], types: ['protocol'] },
  // budgets, queues and counters that every transport has
  // what others may be told of a path before they read or replace it
  'adapters/files': { imports: [...BASE] },
  'adapters/system': { imports: [...BASE, 'ports', 'adapters/files'] },
  'adapters/sqlite': { imports: [...BASE, 'ports', 'adapters/files'], types: ['protocol'] },
  'adapters/wire': { imports: [...BASE, 'ports'], packages: [] },
  'adapters/libp2p': { imports: [...BASE, 'ports', 'adapters/wire'] },
  'adapters/amqp': { imports: [...BASE, 'ports', 'adapters/wire'] },
  'adapters/evm': {
    imports: [...BASE, 'ports', 'artifacts', 'adapters/files'],
    types: ['protocol', 'bindings'],
  },
  // what it adapts are the reducers: they run in its thread
  'adapters/worker': { imports: [...BASE, 'ports', 'reducers', 'catalog', 'sandbox', 'adapters/sandbox'] },
  // brings the engine's bytes from its package
  'adapters/sandbox': { imports: [...BASE, 'sandbox'] },
  // the development chain and deployment are the project's own Hardhat set-up
  'adapters/hardhat': {
    imports: [...BASE, 'ports', 'hardhat.config.ts', 'ignition', 'artifacts'],
    types: ['bindings'],
  },
  // ways to lie, for the node that is told to and for the simulator
  faults: { imports: [...BASE, 'reducers', 'ports'], packages: [], nature: 'pure' },
  node: { imports: [...BASE, 'ports', 'protocol', 'reducers', 'catalog', 'views', 'policy', 'faults'] },
  sim: {
    // the auditor is its second judge of evidence
    imports: [
      ...BASE,
      'faults',
      'node',
      'protocol',
      'reducers',
      'catalog',
      'views',
      'policy',
      'ports',
      'adapters/memory',
      'audit',
    ],
    // the application of a world may be a bundle, opened by whoever made the world
    types: ['sandbox'],
    packages: [],
    nature: 'closed',
  },
  // plays the services in a model; what reads files and runs threads lives with the commands
  lab: {
    imports: [...BASE, 'faults', 'protocol', 'reducers', 'services'],
    packages: ['jstat', 'zod'],
    nature: 'pure',
  },
  audit: { imports: [...BASE, 'protocol', 'reducers', 'catalog', 'views', 'ports'] },
  // what it shows it computes with the audit's own modules, which read the chain
  dashboard: { imports: [...BASE, 'views', 'audit', 'reducers', 'catalog', 'ports', 'adapters/evm'] },
  // the local API: its table of routes, what answers, and its client
  api: { imports: [...BASE, 'ports'] },
  // commands of clients, between the node's source of states and whoever serves the clients
  agreement: { imports: [...BASE, 'ports', 'reducers', 'catalog'], types: ['node'], packages: [] },
  // what a node sees and does for the services that it hosts
  agents: {
    imports: [...BASE, 'ports', 'reducers', 'services', 'adapters/wire'],
    types: ['node'],
    packages: [],
  },
  // puts a node together out of the adapters of this machine
  compose: { imports: [...BASE, 'ports', 'policy', 'faults', 'node', 'agents', 'adapters'] },
  // the workload of the demo, and what it measures; who starts networks and prints tables is with the commands
  demo: {
    imports: [...BASE, 'ports', 'reducers', 'catalog', 'faults', 'adapters/system', 'adapters/memory'],
    types: ['compose'],
    packages: ['zod', 'node:crypto', 'node:fs', 'node:http'],
  },
  // what the package exports, one file an entry; nobody imports them
  entries: {
    imports: [
      ...BASE,
      'ports',
      'policy',
      'reducers',
      'catalog',
      'audit',
      'node',
      'adapters',
      'api',
      'compose',
    ],
  },
  cli: { imports: EVERYTHING },
  // what a stranger can write: with the package's public entries alone
  // what a stranger's program may use: the package's public entries, and Node itself
  examples: { imports: [], packages: ['rsdp', 'node:fs', 'node:timers/promises'] },
}

/** Globals that make a result depend on more than the arguments. */
const IMPURE = new Set(
  (
    'Date Intl process console performance globalThis crypto fetch WebSocket Buffer setTimeout setInterval setImmediate ' +
    'queueMicrotask require'
  ).split(' '),
)
const IMPURE_MEMBERS = /^(random|localeCompare|toLocale\w+)$/

/** The list of stock reducers names those of services, which the reducers themselves must not know. */
const CATALOG = 'src/reducers/catalog.ts'

/** Layer of a path from the project's root: `src/adapters/x/…` is `adapters/x`, generated ones are `bindings`. */
export function layerOf(path: string): string {
  if (path === CATALOG) return 'catalog'
  const [top = '', folder = '', sub = ''] = path.split('/')
  if (top === 'types') return 'bindings'
  if (top !== 'src') return top
  return folder === 'adapters' ? `adapters/${sub}` : folder
}

/** What is wrong with a file, one line each. */
export function violations(path: string, source: string): string[] {
  const layer = layerOf(path)
  const rule = LAYERS[layer] ?? LAYERS[layer.split('/')[0] ?? '']
  if (rule === undefined)
    return [`${path}: no rule for layer "${layer}" -> add one to test/helpers/layers.ts`]
  const file = ts.createSourceFile(path, source, ts.ScriptTarget.Latest, true)
  const found: string[] = []
  const report = (node: ts.Node, text: string): void => {
    found.push(`${path}:${file.getLineAndCharacterOfPosition(node.getStart()).line + 1}: ${text}`)
  }
  const visit = (node: ts.Node): void => {
    const imported = importOf(node)
    if (imported !== null) {
      const problem = importProblem(path, layer, rule, imported)
      if (problem !== null) report(node, problem)
    }
    const impurity = rule.nature === undefined ? null : impurityOf(node, rule.nature)
    if (impurity !== null) report(node, `${layer} must not use ${impurity}`)
    ts.forEachChild(node, visit)
  }
  visit(file)
  return found
}

/** Every import of a source file. */
export function importsIn(path: string, source: string): Import[] {
  const found: Import[] = []
  const visit = (node: ts.Node): void => {
    const imported = importOf(node)
    if (imported !== null) found.push(imported)
    ts.forEachChild(node, visit)
  }
  visit(ts.createSourceFile(path, source, ts.ScriptTarget.Latest, true))
  return found
}

export interface Import {
  readonly from: string
  readonly typeOnly: boolean
}

function importOf(node: ts.Node): Import | null {
  if (ts.isImportDeclaration(node)) {
    const clause = node.importClause
    const named = clause?.namedBindings
    const allTypes =
      named !== undefined &&
      ts.isNamedImports(named) &&
      clause?.name === undefined &&
      named.elements.length > 0 &&
      named.elements.every((element) => element.isTypeOnly)
    return {
      from: text(node.moduleSpecifier),
      typeOnly: clause?.phaseModifier === ts.SyntaxKind.TypeKeyword || allTypes,
    }
  }
  if (ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined)
    return { from: text(node.moduleSpecifier), typeOnly: node.isTypeOnly }
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument))
    return { from: text(node.argument.literal), typeOnly: true }
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
    return { from: text(node.arguments[0]), typeOnly: false }
  return null
}

/** A module name; one that is computed matches no rule. */
function text(node: ts.Node | undefined): string {
  return node !== undefined && ts.isStringLiteralLike(node) ? node.text : '(computed)'
}

function importProblem(path: string, layer: string, rule: Layer, { from, typeOnly }: Import): string | null {
  if (!from.startsWith('.')) {
    const builtIn = from.startsWith('node:')
    const known = rule.packages?.some((name) => from === name || from.startsWith(`${name}/`)) ?? true
    return known && !(builtIn && rule.nature !== undefined) ? null : `${layer} must not import ${from}`
  }
  const target = layerOf(normalize(join(dirname(path), from)))
  const listed = (names: readonly string[] | undefined): boolean =>
    names?.some((name) => target === name || target.startsWith(`${name}/`)) === true
  if (target === layer || listed(rule.imports) || (typeOnly && listed(rule.types))) return null
  return `${layer} must not import ${typeOnly ? 'types of ' : ''}${target}`
}

function impurityOf(node: ts.Node, nature: 'pure' | 'closed'): string | null {
  if (nature === 'pure') {
    if (node.kind === ts.SyntaxKind.AsyncKeyword) return 'async'
    if (node.kind === ts.SyntaxKind.AwaitKeyword || ts.isAwaitExpression(node)) return 'await'
  }
  if (ts.isPropertyAccessExpression(node) && IMPURE_MEMBERS.test(node.name.text)) return node.name.text
  if (!ts.isIdentifier(node) || !IMPURE.has(node.text) || isMemberName(node)) return null
  return node.text
}

/** `x.process`, `{ process: 1 }` and `process(): void` only look like the global. */
function isMemberName(node: ts.Identifier): boolean {
  const parent = node.parent
  if (ts.isPropertyAccessExpression(parent) || ts.isQualifiedName(parent))
    return node !== parent.getChildAt(0)
  const named =
    ts.isPropertyAssignment(parent) ||
    ts.isPropertySignature(parent) ||
    ts.isPropertyDeclaration(parent) ||
    ts.isMethodDeclaration(parent) ||
    ts.isMethodSignature(parent)
  return named && parent.name === node
}
