import type { SyntaxNode } from '@lezer/common'
import { parser } from '@prometheus-io/lezer-promql'
import type { Sample } from './parse-metrics.ts'

/** A scrape at a second. */
export interface Scrape {
  readonly time: number
  readonly samples: readonly Sample[]
}

/** Values by their labels, or one number. */
type Value = number | readonly { readonly labels: Readonly<Record<string, string>>; readonly value: number }[]

/** @throws Error where Prometheus' own grammar finds a fault */
export function parsePromql(expression: string): SyntaxNode {
  const tree = parser.parse(expression)
  const faults: number[] = []
  tree.iterate({
    enter: (node) => {
      if (node.type.isError) faults.push(node.from)
    },
  })
  if (faults.length > 0) throw new Error(`no PromQL at ${faults.join(', ')}: ${expression}`)
  return tree.topNode
}

/** Names of the metrics that an expression asks for. */
export function metricsIn(expression: string): string[] {
  const names: string[] = []
  parsePromql(expression)
    .cursor()
    .iterate((node) => {
      if (node.name === 'Identifier') names.push(expression.slice(node.from, node.to))
    })
  return names
}

/**
 * Whether a condition holds at the last of some scrapes, as Prometheus evaluates it: the subset that alert rules here are
 * written in. Throws for anything beyond it.
 */
export function holds(expression: string, scrapes: readonly Scrape[]): boolean {
  const [child] = childrenOf(parsePromql(expression))
  const value = new Evaluation(expression, scrapes).of(child!)
  return typeof value === 'number' ? value !== 0 : value.length > 0
}

const childrenOf = (node: SyntaxNode): SyntaxNode[] => {
  const all: SyntaxNode[] = []
  for (let child = node.firstChild; child !== null; child = child.nextSibling) all.push(child)
  return all
}

const COMPARE: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  Eql: (a, b) => a === b,
  Neq: (a, b) => a !== b,
  Gtr: (a, b) => a > b,
  Gte: (a, b) => a >= b,
  Lss: (a, b) => a < b,
  Lte: (a, b) => a <= b,
}
const CALCULATE: Readonly<Record<string, (a: number, b: number) => number>> = {
  Add: (a, b) => a + b,
  Sub: (a, b) => a - b,
  Mul: (a, b) => a * b,
  Div: (a, b) => a / b,
}

class Evaluation {
  readonly #text: string
  readonly #scrapes: readonly Scrape[]

  constructor(text: string, scrapes: readonly Scrape[]) {
    this.#text = text
    this.#scrapes = scrapes
  }

  of(node: SyntaxNode): Value {
    switch (node.name) {
      case 'NumberDurationLiteral':
        return Number(this.#words(node))
      case 'ParenExpr':
        return this.of(childrenOf(node)[0]!)
      case 'VectorSelector':
        return this.#select(node, this.#scrapes.at(-1)!)
      case 'BinaryExpr':
        return this.#binary(node)
      case 'AggregateExpr':
        return this.#sum(node)
      case 'FunctionCall':
        return this.#increase(node)
      default:
        throw new Error(`cannot evaluate ${node.name}`)
    }
  }

  #binary(node: SyntaxNode): Value {
    const parts = childrenOf(node)
    const [left, right] = [this.of(parts[0]!), this.of(parts.at(-1)!)]
    const operator = parts[1]!.name
    const clause = parts.find(({ name }) => name === 'MatchingModifierClause')
    const ignored: readonly string[] =
      clause === undefined ? [] : [...(this.#words(clause).match(/(?<=[(,]\s*)\w+/g) ?? [])]
    const apply = (a: number, b: number): number | null => {
      const compare = COMPARE[operator]
      if (compare !== undefined) return compare(a, b) ? a : null
      const calculate = CALCULATE[operator]
      if (calculate === undefined) throw new Error(`cannot evaluate ${operator}`)
      return calculate(a, b)
    }
    if (typeof left === 'number' && typeof right === 'number') return apply(left, right) ?? 0
    if (typeof left === 'number' || typeof right === 'number') {
      const vector = typeof left === 'number' ? (right as Exclude<Value, number>) : left
      return vector.flatMap(({ labels, value }) => {
        const result = typeof left === 'number' ? apply(left, value) : apply(value, right as number)
        return result === null ? [] : [{ labels, value: result }]
      })
    }
    const keyOf = (labels: Readonly<Record<string, string>>): string =>
      JSON.stringify(
        Object.entries(labels)
          .filter(([name]) => !ignored.includes(name))
          .sort(),
      )
    return left.flatMap(({ labels, value }) => {
      const others = right.filter((other) => keyOf(other.labels) === keyOf(labels))
      if (others.length > 1) throw new Error('many-to-one matching without group_left')
      const result = others.length === 0 ? null : apply(value, others[0]!.value)
      return result === null ? [] : [{ labels, value: result }]
    })
  }

  #sum(node: SyntaxNode): Value {
    const parts = childrenOf(node)
    if (this.#words(parts[0]!) !== 'sum' || parts.length !== 2)
      throw new Error('only sum(…) can be evaluated')
    const inner = this.of(childrenOf(parts[1]!)[0]!) as Exclude<Value, number>
    return inner.length === 0 ? [] : [{ labels: {}, value: inner.reduce((sum, { value }) => sum + value, 0) }]
  }

  /** Of counters over the scrapes in the window: what came after a reset counts from 0. */
  #increase(node: SyntaxNode): Value {
    const [name, body] = childrenOf(node)
    if (this.#words(name!) !== 'increase') throw new Error(`cannot evaluate ${this.#words(name!)}`)
    const [selector, duration] = childrenOf(childrenOf(body!)[0]!)
    const [, amount, unit] = /^(\d+)([smhd])$/.exec(this.#words(duration!))!
    const seconds = Number(amount) * { s: 1, m: 60, h: 3_600, d: 86_400 }[unit as 's' | 'm' | 'h' | 'd']
    const now = this.#scrapes.at(-1)!.time
    const window = this.#scrapes.filter(({ time }) => time > now - seconds)
    const series = new Map<string, { labels: Sample['labels']; values: number[] }>()
    for (const scrape of window)
      for (const { labels, value } of this.#select(selector!, scrape)) {
        const key = JSON.stringify(Object.entries(labels).sort())
        const known = series.get(key) ?? { labels, values: [] }
        known.values.push(value)
        series.set(key, known)
      }
    return [...series.values()]
      .filter(({ values }) => values.length > 1)
      .map(({ labels, values }) => ({
        labels,
        value: values
          .slice(1)
          .reduce((sum, value, i) => sum + (value < values[i]! ? value : value - values[i]!), 0),
      }))
  }

  #select(node: SyntaxNode, { samples }: Scrape): Exclude<Value, number> {
    const [name, matchers] = childrenOf(node)
    const wanted = this.#words(name!)
    const pairs = matchers === undefined ? [] : [...this.#words(matchers).matchAll(/(\w+)\s*=\s*"([^"]*)"/g)]
    return samples
      .filter((one) => one.name === wanted && pairs.every(([, label, value]) => one.labels[label!] === value))
      .filter(({ value }) => !Number.isNaN(value))
      .map(({ labels, value }) => ({ labels, value }))
  }

  #words(node: SyntaxNode): string {
    return this.#text.slice(node.from, node.to)
  }
}
