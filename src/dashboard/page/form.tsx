import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { open } from './session.ts'
import { setup, stage, trouble } from './store.ts'

/** For a page that nobody serves a setup to: any endpoint and any deployment file will do. */
export function SetupForm(): JSX.Element {
  const [rpcUrl, setRpcUrl] = useState(setup.value?.rpcUrl ?? 'http://127.0.0.1:8545')
  const [deployment, setDeployment] = useState(setup.value?.deployment ?? '')
  const submit = (event: Event): void => {
    event.preventDefault()
    void open({ rpcUrl, deployment, nodes: [], hasFeed: false })
  }
  const load = async (file: File | undefined): Promise<void> => {
    if (file !== undefined) setDeployment(await file.text())
  }
  return (
    <main class="setup">
      <form class="card" onSubmit={submit}>
        <h1>Audit a deployment</h1>
        <p class="muted">
          This page reads a chain over JSON-RPC and judges every checkpoint by itself. Nothing leaves your
          browser but requests to the endpoint that you name here.
        </p>
        <label>
          RPC endpoint
          <input
            type="url"
            required
            value={rpcUrl}
            onInput={({ currentTarget }) => setRpcUrl(currentTarget.value)}
            spellcheck={false}
          />
        </label>
        <label>
          Deployment file
          <input
            type="file"
            accept=".json,application/json"
            onChange={({ currentTarget }) => void load(currentTarget.files?.[0])}
          />
        </label>
        <label>
          or its text
          <textarea
            required
            rows={6}
            value={deployment}
            onInput={({ currentTarget }) => setDeployment(currentTarget.value)}
            spellcheck={false}
            placeholder='{ "schema": 1, "chainId": … }'
          />
        </label>
        {trouble.value === null ? null : (
          <p class="notice" role="alert">
            <strong>{trouble.value.code}</strong> {trouble.value.message}. {trouble.value.hint}
          </p>
        )}
        <button type="submit" disabled={stage.value === 'opening'}>
          {stage.value === 'opening' ? 'Opening …' : 'Open'}
        </button>
      </form>
    </main>
  )
}
