/** A copy of the project with one line of its TypeScript broken, for a test that has to notice. */
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { run } from './workshop.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const COPIED = ['src', 'test', 'package.json', 'tsconfig.json', '.mocharc.json']
const LINKED = ['node_modules', 'artifacts', 'contracts', 'docs', 'examples', 'ignition', 'scripts', 'types']

export class SourceWorkshop {
  readonly folder = mkdtempSync(join(tmpdir(), 'rsdp-mutant-'))

  constructor() {
    for (const path of COPIED) cpSync(join(root, path), join(this.folder, path), { recursive: true })
    for (const path of LINKED) symlinkSync(join(root, path), join(this.folder, path))
  }

  close(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }

  /** What one test says with another text of one file; null if it passes. */
  test(file: string, text: string, test: string, grep: string): string | null {
    const broken = join(this.folder, file)
    writeFileSync(broken, text)
    try {
      return run(this.folder, [
        'node_modules/mocha/bin/mocha.js',
        '--timeout',
        '600000',
        '--fgrep',
        grep,
        test,
      ])
    } finally {
      writeFileSync(broken, readFileSync(join(root, file)))
    }
  }
}
