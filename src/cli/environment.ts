import type { Command, Option } from 'commander'

/** Values that switch a switch off; a variable that is there but empty counts as not set. */
const OFF = /^(|0|false|no)$/i

/** Environment variable of a flag: `--rpc-url` is RSDP_RPC_URL. */
export function variableOf(option: Option): string {
  return `RSDP_${option.name().replaceAll('-', '_').toUpperCase()}`
}

/** Gives every flag of every command its environment variable; the flag itself wins over it. */
export function readSettingsFromEnvironment(command: Command): void {
  for (const option of command.options) {
    const name = variableOf(option)
    // commander takes a switch as on if its variable is there at all
    const isSwitch = !option.required && !option.optional
    const isOff = OFF.test(process.env[name] ?? 'set') && (isSwitch || process.env[name] === '')
    if (option.long !== '--version' && !isOff) option.env(name)
  }
  for (const child of command.commands) readSettingsFromEnvironment(child)
}

/** What is meant for every process of a run, not for one command. */
const SHARED = /^RSDP_(DEBUG|FAIL_AT|PROVIDER|TEST_\w+)$/

/** The environment without settings: a process that is given its flags must not take others from where it was started. */
export function environmentForChildren(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith('RSDP_') || SHARED.test(name)),
  )
}
