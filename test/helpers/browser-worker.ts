import type { Browser } from 'playwright-core'

/** What a script answers to bytes, in a worker of a page of its own. Rejects with what the worker complains about. */
export async function askWorker(browser: Browser, script: string, bytes: Uint8Array): Promise<unknown> {
  const page = await browser.newPage()
  try {
    return await page.evaluate(`new Promise((resolve, reject) => {
      const script = new Blob([${JSON.stringify(script)}], { type: 'text/javascript' })
      const worker = new Worker(URL.createObjectURL(script))
      worker.onerror = ({ message }) => reject(new Error(message))
      worker.onmessage = ({ data }) => resolve(data)
      const bytes = atob('${Buffer.from(bytes).toString('base64')}')
      worker.postMessage(Uint8Array.from(bytes, (byte) => byte.charCodeAt(0)))
    })`)
  } finally {
    await page.close()
  }
}
