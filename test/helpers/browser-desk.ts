import type { Page } from 'playwright-core'
import { errorText } from './recordings/audits.ts'
import type { Asked } from './recordings/audits.ts'
import type { DeskCall, DeskCalls, DeskReply } from '../../src/dashboard/desk/messages.ts'

/** Another worker of a dashboard that is open: the program that lies in the page, under the page's policy. */
export class BrowserDesk {
  readonly #page: Page

  private constructor(page: Page) {
    this.#page = page
  }

  static async start(page: Page): Promise<BrowserDesk> {
    await page.evaluate(`(() => {
      const script = document.getElementById('audit-worker').textContent
      const worker = new Worker(URL.createObjectURL(new Blob([script], { type: 'text/javascript' })))
      window.askDesk = (call, ask) => new Promise((resolve, reject) => {
        worker.onerror = ({ message }) => reject(new Error(message))
        worker.onmessage = ({ data }) => resolve(data)
        worker.postMessage({ id: 1, call, ask })
      })
    })()`)
    return new BrowserDesk(page)
  }

  /** As `byCommand`. */
  async audit({ task: { deployment, taskId, head }, rpcUrl, isComplete }: Asked): Promise<string> {
    const opened = await this.#ask('open', { rpcUrl, deployment: JSON.stringify(deployment) })
    if (!opened.ok) return errorText(opened)
    const vouched = isComplete ? { head } : null
    const reply = await this.#ask('audit', { task: taskId, vouched })
    return reply.ok ? (reply.answer as DeskCalls['audit']['answer']).json : errorText(reply)
  }

  #ask<C extends DeskCall>(call: C, ask: DeskCalls[C]['ask']): Promise<DeskReply> {
    return this.#page.evaluate<DeskReply>(`window.askDesk('${call}', ${JSON.stringify(ask)})`)
  }
}
