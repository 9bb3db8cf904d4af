import { readFileSync } from 'node:fs'

/** A file of test/vectors. The caller names its shape: the files are made by scripts, not by hand. */
export function readVectors(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`../vectors/${name}.json`, import.meta.url), 'utf8'))
}
