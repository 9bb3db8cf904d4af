import { render } from 'preact'
import { effect } from '@preact/signals'
import { App } from './app.tsx'
import { look, start } from './session.ts'
import { stage, task } from './store.ts'

const root = document.getElementById('app')
if (root !== null) render(<App />, root)
void start()

// another task is audited at once
let shown: string | null = null
effect(() => {
  const next = task.value
  if (stage.value !== 'open' || next === shown) return
  shown = next
  if (next !== null) look()
})
