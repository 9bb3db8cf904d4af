import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'

/** What a unit says of one node; every path is absolute. */
export interface UnitFacts {
  /** The program with what stands before its own words. */
  readonly program: readonly string[]
  /** Folders in which the program finds Node, if it looks for it. */
  readonly searchPath: string | null
  readonly dataDir: string
  readonly deployment: string
  readonly user: string
  /** Null: the key file has no password. */
  readonly passwordFile: string | null
  /** File of `RSDP_…=value` lines. */
  readonly environmentFile: string
}

/** Below it, systemd makes a folder and gives it to the user of the unit. */
const STATE = '/var/lib/'
const HOMES = ['/home/', '/root/', '/run/user/']
/** Characters that mean nothing to systemd, to its specifiers or to its quoting. */
const PLAIN_PATH = /^\/[\w./@+,=~-]*$/
const USER = /^[a-z_][a-z0-9_-]{0,30}$/

/** What a unit has whatever the node is. `MemoryDenyWriteExecute` is not there: V8 writes the code that it runs. */
const HARDENED = `UMask=0077
NoNewPrivileges=yes
CapabilityBoundingSet=
AmbientCapabilities=
PrivateTmp=yes
PrivateDevices=yes
ProtectSystem=strict
ProtectProc=invisible
ProtectClock=yes
ProtectHostname=yes
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RemoveIPC=yes
LockPersonality=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged
SystemCallErrorNumber=EPERM`

/**
 * A unit of systemd (250 or newer) that runs one node. It is restarted whenever it fails, but for settings that it refuses
 * (exit 2) and a re-org that it must not sign after (exit 6).
 *
 * @throws RsdpError E_UNIT for a path or a user that a unit cannot name as it stands
 */
export function unitOf(facts: UnitFacts): string {
  const { program, searchPath, dataDir, deployment, user, passwordFile, environmentFile } = facts
  const paths = [...program, ...(searchPath?.split(':') ?? []), dataDir, deployment, environmentFile]
  for (const path of passwordFile === null ? paths : [...paths, passwordFile])
    if (!PLAIN_PATH.test(path)) throw unfit(path, 'a unit names paths of letters, digits and ./@+,=~_- only')
  if (!USER.test(user)) throw unfit(user, 'give the name of a user with --user')
  const command = [...program, 'node', 'run', '--data-dir', dataDir, '--deployment', deployment]
  const secret =
    passwordFile === null
      ? []
      : [`LoadCredential=password:${passwordFile}`, 'Environment=RSDP_PASSWORD_FILE=%d/password']
  return [
    '[Unit]',
    `Description=RSDP node on ${dataDir}`,
    'Wants=network-online.target',
    'After=network-online.target',
    'StartLimitIntervalSec=0',
    '',
    '[Service]',
    'Type=exec',
    `User=${user}`,
    `WorkingDirectory=${dataDir}`,
    ...(searchPath === null ? [] : [`Environment=PATH=${searchPath}`]),
    `EnvironmentFile=-${environmentFile}`,
    ...secret,
    `ExecStart=${command.join(' ')}`,
    'Restart=on-failure',
    'RestartSec=10',
    'RestartPreventExitStatus=2 6',
    'SuccessExitStatus=130 143',
    'KillMode=mixed',
    'TimeoutStopSec=60',
    'LimitNOFILE=65536',
    ...ownFolder(dataDir),
    `ProtectHome=${isAtHome([...program, dataDir, deployment]) ? 'read-only' : 'yes'}`,
    HARDENED,
    '',
    '[Install]',
    'WantedBy=multi-user.target',
    '',
  ].join('\n')
}

/** Whether one of the paths is below a home, which the unit then has to see. */
export const isAtHome = (paths: readonly string[]): boolean =>
  paths.some((path) => HOMES.some((home) => path.startsWith(home)))

/** The one folder that the node may write to. */
function ownFolder(dataDir: string): string[] {
  if (!dataDir.startsWith(STATE)) return [`ReadWritePaths=${dataDir}`]
  return [`StateDirectory=${dataDir.slice(STATE.length)}`, 'StateDirectoryMode=0700']
}

function unfit(what: string, hint: string): RsdpError {
  return new RsdpError({
    code: 'E_UNIT',
    message: `'${what}' cannot stand in a unit of systemd`,
    hint,
    exit: EXIT.usage,
    details: { value: what },
  })
}
