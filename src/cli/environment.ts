import type { Option } from 'commander'
import { Command } from 'commander'

/** Values that leave a switch off; for commander it would be on if its variable is there at all. */
const OFF = /^(|0|false|no)$/i

/** Environment variable of a flag: `--rpc-url` is RSDP_RPC_URL. */
export function variableOf(option: Option): string {
  return `RSDP_${option.name().replaceAll('-', '_').toUpperCase()}`
}

/** A command whose every flag can be set by its environment variable; the flag itself wins. Empty counts as not set. */
export class SettingsCommand extends Command {
  override createCommand(name?: string): SettingsCommand {
    return new SettingsCommand(name)
  }

  override addOption(option: Option): this {
    const name = variableOf(option)
    const isSwitch = !option.required && !option.optional
    const value = process.env[name]
    const isOff = value === '' || (isSwitch && value !== undefined && OFF.test(value))
    return super.addOption(isOff ? option : option.env(name))
  }
}

/** What is meant for every process of a run, not for one command. */
const SHARED = /^RSDP_(DEBUG|FAIL_AT|PROVIDER|TEST_\w+)$/

/** Whether a variable is for the whole run: no flag of a command. */
export function isShared(name: string): boolean {
  return SHARED.test(name)
}

/** The environment without settings: a process that is given its flags must not take others from where it was started. */
export function environmentForChildren(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith('RSDP_') || isShared(name)),
  )
}
