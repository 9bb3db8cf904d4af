import { readFileSync } from 'node:fs'
import type { Model } from '../../src/services/sentinel/model.ts'
import { modelHash, readModel } from '../../src/services/sentinel/model.ts'
import type { Models } from './score-windows.ts'

/** The model files of the repository that give scores of metrics, connections and lives. */
export function committedModels(): Models {
  return {
    anomaly: committed('anomaly', 'residual@1'),
    trees: [committed('connections', 'trees@1'), committed('life', 'trees@1')],
  }
}

function committed<K extends Model['kind']>(name: string, kind: K): Extract<Model, { kind: K }> {
  const text = readFileSync(new URL(`../../models/${name}.json`, import.meta.url), 'utf8')
  const model = readModel(text, modelHash(text))
  if (typeof model === 'string') throw new Error(`models/${name}.json: ${model}`)
  if (model.kind !== kind) throw new Error(`models/${name}.json is no ${kind}`)
  return model as Extract<Model, { kind: K }>
}
