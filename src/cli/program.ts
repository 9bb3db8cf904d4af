import type { Command } from 'commander'
import { RootCommand } from './all-help.ts'
import { addAccountCommands } from './groups/account.ts'
import { addAppCommands } from './groups/app.ts'
import { addBackupCommands } from './groups/backup.ts'
import { addCheckCommands } from './groups/check.ts'
import { addCompletionCommand } from './groups/completion.ts'
import { addDoctorCommands } from './groups/doctor.ts'
import { addEvidenceCommands } from './groups/evidence.ts'
import { addLearnCommands } from './groups/learn.ts'
import { addLineCommands } from './groups/line.ts'
import { addMachineCommands } from './groups/machines.ts'
import { addGatewayCommands } from './groups/gateway.ts'
import { addStoreCommands } from './groups/store.ts'
import { addLabCommands } from './groups/lab.ts'
import { addKeysCommands } from './groups/keys.ts'
import { addNetworkCommands } from './groups/network.ts'
import { addNodeCommands } from './groups/node.ts'
import { addPageCommands } from './groups/page.ts'
import { addPolicyCommands } from './groups/policy.ts'
import { addServicesCommands } from './groups/services.ts'
import { addTxCommands } from './groups/tx.ts'
import { addStakeCommands } from './groups/stake.ts'
import { addTaskCommands } from './groups/task.ts'
import type { RunCommand } from './run-command.ts'
import { VERSION } from './version.ts'

/**
 * The whole command tree. Every command imports what it needs when it runs: `--help` must not wait for libp2p or
 * Hardhat.
 *
 * @param run carries a command out: `runCommand`, or what a test puts in its place
 */
export function buildProgram(run: RunCommand): Command {
  const program = new RootCommand('rsdp')
    .description(
      'Staked nodes agree on one state after another; anyone can audit every step from an RPC URL.',
    )
    .version(VERSION)
    .showSuggestionAfterError()
    .showHelpAfterError('(run with --help for examples)')
    .configureHelp({ sortSubcommands: false })
    .enablePositionalOptions()
    .exitOverride()
  addNetworkCommands(program, run)
  addNodeCommands(program, run)
  addBackupCommands(program, run)
  addPolicyCommands(program, run)
  addKeysCommands(program, run)
  addStakeCommands(program, run)
  addAccountCommands(program, run)
  addTaskCommands(program, run)
  addLineCommands(program, run)
  addAppCommands(program, run)
  addMachineCommands(program, run)
  addStoreCommands(program, run)
  addGatewayCommands(program, run)
  addServicesCommands(program, run)
  addTxCommands(program, run)
  addCheckCommands(program, run)
  addDoctorCommands(program, run)
  addEvidenceCommands(program, run)
  addPageCommands(program, run)
  addCompletionCommand(program, run)
  addLearnCommands(program, run)
  addLabCommands(program, run)
  return program
}
