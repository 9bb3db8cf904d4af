import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import fc from 'fast-check'
import type { UnitFacts } from '../../../../src/cli/systemd/unit.ts'
import { unitOf } from '../../../../src/cli/systemd/unit.ts'
import { RsdpError } from '../../../../src/types/errors.ts'
import { rsdpHere } from '../../../helpers/cli.ts'
import type { CliRun } from '../../../helpers/rsdp.ts'
import { errorCode } from '../../../helpers/rsdp.ts'
import { skip } from '../../../helpers/skip.ts'

const FACTS: UnitFacts = {
  program: ['/opt/rsdp/bin/rsdp'],
  searchPath: null,
  dataDir: '/var/lib/rsdp/alice',
  deployment: '/etc/rsdp/1.json',
  user: 'rsdp',
  passwordFile: '/etc/rsdp/alice.pw',
  environmentFile: '/etc/rsdp/alice.env',
}
/** What systemd reads a line as, by section; a directive that is given twice has two values. */
function parse(unit: string): Map<string, string[]> {
  const found = new Map<string, string[]>()
  let section = ''
  for (const line of unit.split('\n').filter((text) => text !== '')) {
    const [, name] = /^\[(\w+)\]$/.exec(line) ?? []
    const [, directive = '', value = ''] = /^(\w+)=(.*)$/.exec(line) ?? []
    if (name !== undefined) section = name
    else if (directive === '') throw new Error(`no directive: ${line}`)
    else found.set(`${section}.${directive}`, [...(found.get(`${section}.${directive}`) ?? []), value])
  }
  return found
}
/** How exposed a unit is, by what systemd itself thinks of it; 10 is a service without any protection. */
const EXPOSURE_MAX = 2

describe('unit of systemd', () => {
  it('refuses what systemd would read as something else', () => {
    const odd = fc.string({ maxLength: 12 }).filter((text) => /[^\w./@+,=~-]/.test(text))
    const where = fc.constantFrom(
      'dataDir',
      'deployment',
      'passwordFile',
      'environmentFile',
      'program',
      'user',
    )
    fc.assert(
      fc.property(odd, where, (text, name) => {
        const value = name === 'program' ? [`/${text}`] : name === 'user' ? text : `/x${text}`
        try {
          unitOf({ ...FACTS, [name]: value })
          expect.fail(`${name}: ${text}`)
        } catch (error) {
          expect((error as RsdpError).code).equal('E_UNIT')
        }
      }),
      { seed: 16, numRuns: 200 },
    )
    for (const user of ['', 'Root', '-x', '1000', 'a b'])
      expect(() => unitOf({ ...FACTS, user })).throw(RsdpError)
    expect(() => unitOf({ ...FACTS, dataDir: 'relative' })).throw(RsdpError)
  })

  it('runs the node of the folder, with the password as a credential, and again when it fails', () => {
    const unit = parse(unitOf(FACTS))
    const service = (name: string): unknown => unit.get(`Service.${name}`)
    expect(service('ExecStart')).deep.equal([
      '/opt/rsdp/bin/rsdp node run --data-dir /var/lib/rsdp/alice --deployment /etc/rsdp/1.json',
    ])
    expect(service('LoadCredential')).deep.equal(['password:/etc/rsdp/alice.pw'])
    expect(service('Environment')).deep.equal(['RSDP_PASSWORD_FILE=%d/password'])
    expect(service('EnvironmentFile')).deep.equal(['-/etc/rsdp/alice.env'])
    expect([service('User'), service('Restart')]).deep.equal([['rsdp'], ['on-failure']])
    // settings that are refused, and E_REORG; what SIGINT and SIGTERM end is well
    expect(service('RestartPreventExitStatus')).deep.equal(['2 6'])
    expect(service('SuccessExitStatus')).deep.equal(['130 143'])
    expect(unit.get('Install.WantedBy')).deep.equal(['multi-user.target'])
  })

  it('lets the node write to its folder and see nothing of homes', () => {
    const unit = parse(unitOf(FACTS))
    for (const [name, value] of Object.entries({
      ...{ NoNewPrivileges: 'yes', ProtectSystem: 'strict', ProtectHome: 'yes', CapabilityBoundingSet: '' },
      ...{ StateDirectory: 'rsdp/alice', StateDirectoryMode: '0700', UMask: '0077' },
    }))
      expect(unit.get(`Service.${name}`), name).deep.equal([value])
    expect(unit.has('Service.ReadWritePaths')).equal(false)
    const elsewhere = parse(unitOf({ ...FACTS, dataDir: '/srv/alice' }))
    expect(elsewhere.get('Service.ReadWritePaths')).deep.equal(['/srv/alice'])
    expect(elsewhere.has('Service.StateDirectory')).equal(false)
    expect(elsewhere.get('Service.ProtectHome')).deep.equal(['yes'])
    for (const path of ['/home/alice/node', '/root/node'])
      expect(parse(unitOf({ ...FACTS, dataDir: path })).get('Service.ProtectHome')).deep.equal(['read-only'])
  })

  it('has no credential where the key has no password', () => {
    const unit = parse(unitOf({ ...FACTS, passwordFile: null }))
    expect([unit.has('Service.LoadCredential'), unit.has('Service.Environment')]).deep.equal([false, false])
  })

  describe('of a data directory', () => {
    let folder: string
    const at = (name: string): string => join(folder, name)
    const systemd = (...words: readonly string[]): Promise<CliRun> =>
      rsdpHere(
        'node',
        'systemd',
        '--data-dir',
        at('alice'),
        '--deployment',
        at('deployment.json'),
        '--json',
        ...words,
      )
    const refused = (run: CliRun): readonly unknown[] => [run.code, errorCode(run)]

    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), 'rsdp-systemd-'))
      mkdirSync(at('alice'))
      writeFileSync(join(at('alice'), 'key'), '{"version":3}')
      writeFileSync(at('pw'), 'not in the unit\n', { mode: 0o600 })
    })
    afterEach(() => rmSync(folder, { recursive: true }))
    const deploymentFile = (): void => {
      const contract = { address: `0x${'1'.repeat(40)}`, block: 1, tx: null, codeHash: `0x${'2'.repeat(64)}` }
      const names = 'StakeToken NodeRegistry PhaseLog Slasher TaskBoard BundleStore TaskLines'.split(' ')
      const windows =
        'taskBlocksMax closeGrace evidence reorgDepth jail unbonding taskSecondsMax graceSeconds evidenceSeconds seedDelaySeconds jailSeconds unbondingSeconds'
      const deployment = {
        ...{
          schema: 1,
          chainId: 1,
          deployer: contract.address,
          deployedAt: '2026-11-21T10:04:11.000Z',
          fromBlock: 1,
        },
        ...{ deploymentId: contract.codeHash, chance: 'good', bountyWei: '1' },
        windows: Object.fromEntries(windows.split(' ').map((name) => [name, 9])),
        contracts: Object.fromEntries(names.map((name) => [name, { ...contract, tx: contract.codeHash }])),
      }
      writeFileSync(at('deployment.json'), JSON.stringify(deployment))
    }

    it('refuses what is not there, and a key whose password nobody would type', async () => {
      expect(refused(await rsdpHere('node', 'systemd', '--data-dir', at('no'), '--json'))).deep.equal([
        3,
        'E_DATA_DIR',
      ])
      expect(refused(await systemd())).deep.equal([3, 'E_NO_DEPLOYMENT'])
      deploymentFile()
      expect(refused(await systemd())).deep.equal([2, 'E_NEEDS_INPUT'])
      expect(refused(await systemd('--password-file', at('none')))).deep.equal([3, 'E_NO_KEY'])
      expect(refused(await systemd('--password-file', at('pw'), '--user', 'two words'))).deep.equal([
        2,
        'E_UNIT',
      ])
      expect(readdirSync(folder).sort()).deep.equal(['alice', 'deployment.json', 'pw'])
    })

    it('is what systemd takes, as protected as it can be, and holds no password', async function () {
      deploymentFile()
      const run = await systemd('--password-file', at('pw'), '--user', 'root')
      expect(run.code, run.stderr).equal(0)
      const { data } = JSON.parse(run.stdout) as { data: { name: string; unit: string } }
      expect(data.name).equal('rsdp-alice.service')
      expect(data.unit).not.include('not in the unit')
      const file = at(data.name)
      writeFileSync(file, data.unit)
      chmodSync(file, 0o644)
      const verified = spawnSync('systemd-analyze', ['verify', file], { encoding: 'utf8' })
      if (verified.error !== undefined) skip(this, 'this system has no systemd-analyze')
      expect([verified.status, verified.stderr]).deep.equal([0, ''])
      const security = [
        'security',
        '--offline=yes',
        '--no-pager',
        `--threshold=${String(EXPOSURE_MAX * 10)}`,
        file,
      ]
      const exposed = spawnSync('systemd-analyze', security, { encoding: 'utf8' })
      expect(exposed.status, exposed.stdout + exposed.stderr).equal(0)
    })
  })
})
