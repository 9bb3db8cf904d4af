import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import type { ContainerFacts } from '../helpers/container-file.ts'
import { containerProblems } from '../helpers/container-file.ts'
import { skip } from '../helpers/skip.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const FILE = 'container/Containerfile'
const IMAGE = 'rsdp-container-test'
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8')
/** Each makes the container file wrong. */
const WRONGS: readonly (readonly [from: string | RegExp, to: string, what: RegExp])[] = [
  [/node:[\d.]+-bookworm-slim/, 'node:latest', /stands on/],
  [/node:[\d.]+-/, 'node:22.0.0-', /stands on/],
  ['COPY src src', 'COPY sources sources', /sources is not in the repository/],
  ['COPY src src', 'COPY . .', /\. is not in the (repository|context)/],
  ['COPY src src', 'COPY src src\nCOPY artifacts artifacts', /artifacts is not in the repository/],
  ['COPY src src\n', '', /src is in the context for nothing/],
  ['--from=packages', '--from=package', /no stage package/],
  ['/build/dist /opt', '/dist /opt', /\/dist is not in \/build/],
  ['USER 1000:1000', 'USER node', /number other than 0/],
  ['USER 1000:1000', 'USER 0', /number other than 0/],
  ['USER 1000:1000\n', '', /number other than 0/],
  ['WORKDIR /data', 'RUN chmod 777 /data', /run after USER/],
  ['CMD ["rsdp", "node", "status"', 'CMD ["curl", "-f", "http://127.0.0.1:8781/healthz"', /health/],
  ['VOLUME /data', 'VOLUME /var/data', /not a volume/],
  ['dist/src/cli/bin.js /usr', 'dist/bin.js /usr', /program of the package/],
  ['ENV NODE_ENV=production', 'ENV RSDP_PASSWORD=x', /a secret/],
]
/** What Docker says where it cannot fetch the image that this one stands on. */
const NO_REGISTRY =
  /dial tcp|no such host|i\/o timeout|TLS handshake|toomanyrequests|failed to resolve source/i

describe('container file', function () {
  this.timeout(1_800_000)
  const generated = new Set(
    read('.gitignore')
      .split('\n')
      .map((line) => line.replace(/\/$/, '')),
  )
  const facts: ContainerFacts = {
    has: (path) => path !== '.' && existsSync(join(ROOT, path)) && !generated.has(path),
    ignore: read(`${FILE}.dockerignore`),
    nodeVersion: /Linux-x86_64\) build=\S+ version=(\S+)/.exec(read('rsdp'))?.[1] ?? 'none',
    program: (JSON.parse(read('package.json')) as { bin: { rsdp: string } }).bin.rsdp,
  }

  for (const [from, to, what] of WRONGS)
    it(`is wrong with ${to === '' ? 'nothing' : to.trim()} for ${String(from).trim()}`, () => {
      const wrong = read(FILE).replace(from, to)
      expect(wrong).not.equal(read(FILE))
      expect(containerProblems(wrong, facts).join('\n')).match(what)
    })

  it('is wrong with a context that lets more through', () => {
    for (const ignore of [`${facts.ignore}!.env\n`, '', facts.ignore.replace('*\n', '')])
      expect(containerProblems(read(FILE), { ...facts, ignore })).not.deep.equal([])
  })

  it('copies what there is, stands on the Node of the launcher, and runs a node as nobody special', () => {
    expect(containerProblems(read(FILE), facts)).deep.equal([])
  })

  it('is built where Docker is, and runs as that user', function () {
    this.timeout(900_000)
    const docker = (
      ...words: readonly string[]
    ): { readonly status: number | null; readonly text: string } => {
      const { status, stdout, stderr } = spawnSync('docker', words, { cwd: ROOT, encoding: 'utf8' })
      return { status, text: `${stdout}${stderr}` }
    }
    if (docker('info').status !== 0) skip(this, 'no Docker runs here')
    const built = docker('build', '-f', FILE, '-t', IMAGE, '.')
    if (built.status !== 0 && NO_REGISTRY.test(built.text)) skip(this, 'Docker reaches no registry')
    expect(built.status, built.text).equal(0)
    try {
      const { version } = JSON.parse(read('package.json')) as { version: string }
      expect(docker('run', '--rm', IMAGE, '--version').text.trim()).equal(version)
      expect(docker('run', '--rm', '--entrypoint', 'id', IMAGE, '-u').text.trim()).equal('1000')
      expect(docker('run', '--rm', IMAGE, 'node', 'status', '--data-dir', '/data').status).equal(3)
    } finally {
      docker('image', 'rm', IMAGE)
    }
  })
})
