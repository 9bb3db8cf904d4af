import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { EXIT } from '../../src/types/exit-codes.ts'

const HEAD = `# Errors

Every error has a code, which stays the same from release to release, a message with the value that was seen, and a hint. With
\`--json\` all three are in the envelope. This page is written by \`npm run reference\` from the sources, and a test compares the two.
… stands for what differs. The exit codes are those of the [README](../README.md#exit-codes); – is an error that a node logs, or answers
over its API. \`E_BUG\` is a fault of the program itself, exit 1: please report it.
`
const CODE = /^E_[A-Z0-9_]+$/
const WIDEST = 150

interface Raised {
  readonly code: string
  readonly exits: readonly number[]
  readonly texts: readonly string[]
}

/** The page of all error codes, from the places in `src` that raise them. @param root the project's folder */
export function errorsPage(root: string): string {
  const raised = globSync('src/**/*.ts', { cwd: root })
    .sort()
    .flatMap((file) => raisedIn(file, readFileSync(join(root, file), 'utf8')))
  const codes = [...new Set(raised.map(({ code }) => code))].filter((code) => code !== 'E_BUG').sort()
  const rows = codes.map((code) => {
    const places = raised.filter((one) => one.code === code)
    const exits = [...new Set(places.flatMap(({ exits: of }) => of))].sort()
    const texts = [...new Set(places.map(({ texts: of }) => of.join(' → ')))].filter((text) => text !== '')
    return `| \`${code}\` | ${exits.join(', ') || '–'} | ${texts.map(escaped).join('<br>')} |`
  })
  return [HEAD, '| Code | Exit | Says → hint |', '|---|---|---|', ...rows, ''].join('\n')
}

function raisedIn(file: string, text: string): Raised[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true)
  const found: Raised[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isStringLiteral(node) && CODE.test(node.text)) found.push(...raisedBy(node, source))
    ts.forEachChild(node, visit)
  }
  visit(source)
  return found
}

/** What is raised where a code stands: in an object, in a row of a table, or as an argument. Elsewhere it is compared. */
function raisedBy(literal: ts.StringLiteral, source: ts.SourceFile): Raised[] {
  const { text: code, parent } = literal
  const holder = ts.isAsExpression(parent) || ts.isConditionalExpression(parent) ? parent.parent : parent
  if (ts.isPropertyAssignment(holder) && holder.name.getText(source) === 'code') {
    const { properties } = holder.parent
    const text = ['message', 'hint'].map((name) => {
      const property = properties.find((one) => one.name?.getText(source) === name)
      return property !== undefined && ts.isPropertyAssignment(property) ? shown(property.initializer) : ''
    })
    return [{ code, exits: exitsIn(holder.parent), texts: text.filter((one) => one !== '') }]
  }
  if (ts.isArrayLiteralExpression(holder) && holder.elements[0] !== undefined && holder.elements.length > 1)
    return [{ code, exits: exitsIn(holder), texts: textsOf(holder.elements.slice(1)) }]
  if (ts.isCallExpression(holder) && holder.arguments.includes(literal)) {
    const texts = textsOf(holder.arguments.slice(1))
    const helper = definitionOf(holder.expression.getText(source), source)
    const exits = [...exitsIn(holder), ...(helper === undefined ? [] : exitsIn(helper))]
    return texts.length === 0 ? [] : [{ code, exits, texts }]
  }
  return []
}

/** The function of this file that a call names. */
function definitionOf(name: string, source: ts.SourceFile): ts.Node | undefined {
  return source.statements.find(
    (one) =>
      (ts.isFunctionDeclaration(one) && one.name?.text === name) ||
      (ts.isVariableStatement(one) &&
        one.declarationList.declarations.some((each) => each.name.getText(source) === name)),
  )
}

function exitsIn(node: ts.Node): number[] {
  const exits = [...node.getText().matchAll(/\bEXIT\.(\w+)/g)].map(
    ([, name]) => EXIT[name as keyof typeof EXIT],
  )
  return [...new Set(exits)]
}

function textsOf(nodes: readonly ts.Expression[]): string[] {
  const objects = nodes.flatMap((node) =>
    ts.isObjectLiteralExpression(node)
      ? node.properties.flatMap((one) => (ts.isPropertyAssignment(one) ? [one.initializer] : []))
      : [node],
  )
  return objects.map(shown).filter((text) => text.includes(' '))
}

/** A text as its reader sees it, … for what differs. */
function shown(node: ts.Expression): string {
  if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) return node.text
  if (ts.isTemplateExpression(node))
    return node.head.text + node.templateSpans.map(({ literal }) => `…${literal.text}`).join('')
  if (ts.isConditionalExpression(node))
    return [shown(node.whenTrue), shown(node.whenFalse)].filter((text) => text !== '').join(' / ')
  if (ts.isBinaryExpression(node)) return `${shown(node.left)}${shown(node.right)}`
  if (ts.isParenthesizedExpression(node)) return shown(node.expression)
  return ''
}

function escaped(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll('`', '')
  return line.length > WIDEST * 2 ? `${line.slice(0, WIDEST * 2)}…` : line
}
