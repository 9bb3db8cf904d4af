import { expect } from 'chai'
import { EXIT } from '../../../src/types/exit-codes.ts'
import { rsdpHere } from '../../helpers/cli.ts'
import type { CliRun } from '../../helpers/rsdp.ts'
import { errorCode } from '../../helpers/rsdp.ts'

describe('config validate', () => {
  const before = process.env
  beforeEach(() => {
    process.env = Object.fromEntries(Object.entries(before).filter(([name]) => !name.startsWith('RSDP_')))
  })
  afterEach(() => {
    process.env = before
  })

  const validate = (...words: readonly string[]): Promise<CliRun> =>
    rsdpHere('config', 'validate', '--json', ...words)
  const problemsOf = ({ stdout }: CliRun): unknown =>
    (
      JSON.parse(stdout) as { error: { details: { problems: { name: string }[] } } }
    ).error.details.problems.map(({ name }) => name)

  it('refuses values that the command would refuse, what it lacks, and variables that are none, all at once', async () => {
    process.env['RSDP_POLL_MS'] = 'abc'
    process.env['RSDP_POLMS'] = '500'
    const run = await validate('node', 'run')
    expect([run.code, errorCode(run)]).deep.equal([EXIT.usage, 'E_CONFIG'])
    expect(problemsOf(run)).deep.equal(['RSDP_POLL_MS', '--data-dir', 'RSDP_POLMS'])
  })

  it('refuses a value once that several commands share', async () => {
    process.env['RSDP_NODES'] = 'many'
    const run = await validate()
    expect(errorCode(run)).equal('E_CONFIG')
    expect(new Set(problemsOf(run) as string[])).deep.equal(new Set(['RSDP_NODES']))
  })

  it('refuses flags of another command, and words that are no command', async () => {
    for (const words of [['node', 'run', '--heights', '3'], ['nonsense']])
      expect(errorCode(await validate(...words)), words.join(' ')).equal('E_USAGE')
  })

  it('takes a flag in place of a bad variable, what is empty, and what is meant for the whole run', async () => {
    Object.assign(process.env, { RSDP_POLL_MS: 'abc', RSDP_NODES: '', RSDP_DEBUG: '1' })
    const run = await validate('node', 'run', '--data-dir', 'x', '--poll-ms', '500')
    expect(run.code, run.stderr).equal(EXIT.ok)
  })

  it('takes the defaults of all commands', async () => {
    const run = await validate()
    expect(run.code, run.stderr).equal(EXIT.ok)
    const { data } = JSON.parse(run.stdout) as { data: { commands: number } }
    expect(data.commands).greaterThan(20)
  })
})
