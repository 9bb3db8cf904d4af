import type { Command, Option } from 'commander'
import { CommanderError } from 'commander'
import { maskUrls } from '../adapters/system/redact.ts'
import { RsdpError } from '../types/errors.ts'
import { EXIT } from '../types/exit-codes.ts'
import { variableOf } from './environment.ts'
import { toJson } from './output.ts'

export interface Setting {
  readonly command: string
  readonly flag: string
  readonly variable: string
  /** As the command would take it; of URLs only scheme and host. */
  readonly value: string | null
  readonly source: 'flag' | 'environment' | 'default' | 'not set'
  /** Why the command would refuse it, else null. */
  readonly problem: string | null
}

export interface Settings {
  /** Commands that they are of. */
  readonly of: readonly Command[]
  readonly settings: readonly Setting[]
}

/**
 * Settings of the command that the words name, with the flags that follow them; of all commands if there are none.
 * There is no configuration file: flag, then environment, then default.
 *
 * @throws RsdpError E_USAGE if the words name no command, or a flag is none of it
 */
export function settingsFor(words: readonly string[], program: Command): Settings {
  const { command, rest } = find(program, words)
  const of = leavesOf(command)
  return { of, settings: of.flatMap((leaf) => settingsOf(leaf, rest)) }
}

/** @throws RsdpError E_USAGE if the words name no command */
function find(
  program: Command,
  words: readonly string[],
): { readonly command: Command; readonly rest: readonly string[] } {
  let command = program
  let at = 0
  for (const word of words) {
    const next = word.startsWith('-') ? undefined : command.commands.find((child) => child.name() === word)
    if (next === undefined) break
    command = next
    at += 1
  }
  const rest = words.slice(at)
  if (rest.length === 0 || (at > 0 && doesSomething(command))) return { command, rest }
  throw usage(`'${words.join(' ')}' is not a command`)
}

/** Every command that does something. */
export function leavesOf(command: Command): Command[] {
  return [...(doesSomething(command) ? [command] : []), ...command.commands.flatMap(leavesOf)]
}

/** A group only holds others; `audit` takes a task and holds others. */
function doesSomething({ commands, registeredArguments }: Command): boolean {
  return commands.length === 0 || registeredArguments.length > 0
}

function settingsOf(command: Command, flags: readonly string[]): Setting[] {
  parse(command, flags)
  return command.options.map((option) => {
    const name = option.attributeName()
    const isFlag = command.getOptionValueSource(name) === 'cli'
    const fromEnvironment = option.envVar === undefined ? undefined : process.env[option.envVar]
    const set: unknown = command.getOptionValue(name)
    // of a switch that says no, whether it is given: the value that it takes away is the opposite
    const otherwise: unknown = option.negate ? set === false : set
    const value = isFlag ? otherwise : (fromEnvironment ?? otherwise)
    const untold = value === undefined ? 'not set' : 'default'
    const isFromEnvironment = !isFlag && fromEnvironment !== undefined
    return {
      command: pathOf(command),
      flag: option.long ?? option.flags,
      variable: variableOf(option),
      value: value === undefined ? null : maskUrls(toJson(value).replace(/^"|"$/g, '')),
      source: isFlag ? 'flag' : isFromEnvironment ? 'environment' : untold,
      problem: isFromEnvironment ? problemOf(option, fromEnvironment) : null,
    }
  })
}

/** What the flag's own parser says about a value from the environment. */
function problemOf(option: Option, text: string): string | null {
  try {
    option.parseArg?.(text, undefined)
    return null
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    return error.message
  }
}

/** Reads flags as the command would, without running it. */
function parse(command: Command, flags: readonly string[]): void {
  try {
    const { unknown } = command.parseOptions([...flags])
    if (unknown.length > 0) throw usage(`${command.name()} has no flag ${unknown[0] ?? ''}`)
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    throw usage(error.message)
  }
}

function usage(message: string): RsdpError {
  return new RsdpError({ code: 'E_USAGE', message, hint: 'rsdp --help lists the commands', exit: EXIT.usage })
}

function pathOf(command: Command): string {
  const { parent } = command
  return parent?.parent ? `${pathOf(parent)} ${command.name()}` : command.name()
}
