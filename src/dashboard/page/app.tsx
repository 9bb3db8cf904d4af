import type { JSX } from 'preact'
import { Checkpoints } from './checkpoints.tsx'
import { Complete } from './complete.tsx'
import { Detail } from './detail.tsx'
import { Drills } from './drills.tsx'
import { Findings } from './findings.tsx'
import { SetupForm } from './form.tsx'
import { Header } from './header.tsx'
import { Heights } from './heights.tsx'
import { Log } from './log.tsx'
import { Members } from './members.tsx'
import { Replay } from './replay.tsx'
import { Slashes } from './slashes.tsx'
import { Stakes } from './stakes.tsx'
import { Tiles } from './tiles.tsx'
import { setup, stage, task, trouble } from './store.ts'

export function App(): JSX.Element {
  if (stage.value === 'asking') return <main class="blank" aria-busy="true" />
  if (stage.value === 'starting') return <Starting />
  // what was typed stays while it is opened, and if it cannot be
  const isTyped = stage.value === 'opening' && setup.value?.hasFeed === false
  if (stage.value === 'form' || isTyped) return <SetupForm />
  return (
    <>
      <a class="skip" href="#heights">
        Skip to the heights
      </a>
      <Header />
      <main>
        <Notice />
        {task.value === null ? <NoTask /> : <Task />}
        <Drills />
      </main>
      <Footer />
    </>
  )
}

function Task(): JSX.Element {
  return (
    <>
      <Tiles />
      <Findings />
      <div class="grid">
        <div class="column">
          <Members />
          <Stakes />
        </div>
        <div class="column">
          <Heights />
          <Detail />
        </div>
      </div>
      <Replay />
      <Checkpoints />
      <Slashes />
      <Log />
      <Complete />
    </>
  )
}

function Starting(): JSX.Element {
  return (
    <main>
      <section class="card empty" aria-busy="true" role="status">
        <h2>The network is starting</h2>
        <p class="muted">
          The chain comes first, then the contracts, then the nodes. This page goes on by itself.
        </p>
      </section>
    </main>
  )
}

function NoTask(): JSX.Element {
  return (
    <section class="card empty" aria-labelledby="no-task">
      <h2 id="no-task">No task yet</h2>
      <p>
        The contracts are deployed and nobody has published a task. Publish one, and its members, heights and
        checkpoints appear here.
      </p>
      <pre>rsdp task publish</pre>
    </section>
  )
}

/** What is wrong with the endpoint: what is shown stays, and gets older. */
function Notice(): JSX.Element | null {
  const { value } = trouble
  if (value === null) return null
  return (
    <div class="notice" role="alert">
      <strong>{value.code}</strong> {value.message}. <span class="muted">{value.hint}</span>
    </div>
  )
}

function Footer(): JSX.Element {
  return (
    <footer>
      <p>
        Verdicts are computed in this browser, by the code of <code>rsdp audit</code>, from the endpoint’s
        answers alone. Live values are what nodes report until a checkpoint holds them.
      </p>
      <p>
        Is this the right page?{' '}
        <code>rsdp verify-page {location.protocol.startsWith('http') ? location.origin : 'URL'}</code>
      </p>
    </footer>
  )
}
