/** One member's vote: brings it to its node over the local API, and prints what is elected. voter.ts DATA_DIR CHOICE WEIGHT */
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

const [folder = '', choice = '', weight = '1'] = process.argv.slice(2)
const word = (text: string): string => Buffer.from(text.padEnd(32, '\0')).toString('hex')
const u64 = (number: string): string => Number(number).toString(16).padStart(16, '0')
// ballot@1: bytes32 choice, u64 weight behind it, u64 weight of all votes
const state = `0x${word(choice)}${u64(weight)}${u64(weight)}`

async function ask(path: string, method = 'GET', body?: unknown): Promise<Response> {
  const { port, token } = JSON.parse(readFileSync(`${folder}/control.json`, 'utf8')) as {
    port: number
    token: string
  }
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  return fetch(`http://127.0.0.1:${port}${path}`, {
    ...{ method, headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
}

type Task = { task: string; heights: number; takesInput: boolean }
let task: Task | undefined
while (task === undefined) {
  await sleep(200)
  task = ((await (await ask('/v1/tasks')).json()) as { tasks: Task[] }).tasks.findLast(
    (one) => one.takesInput,
  )
}
await ask(`/v1/tasks/${task.task}/input`, 'PUT', { state })
const { body } = await ask(`/v1/tasks/${task.task}/events`)
let text = ''
for await (const part of body ?? []) {
  text += Buffer.from(part).toString()
  for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n')) {
    const line = text.slice(0, end)
    text = text.slice(end + 1)
    if (!line.startsWith('data: ')) continue
    const decided = JSON.parse(line.slice(6)) as { height: number; state: string }
    const elected = Buffer.from(decided.state.slice(2, 66), 'hex').toString().replaceAll('\0', '')
    console.log(`height ${decided.height}  ${elected}`)
    if (decided.height === task.heights) process.exit(0)
  }
}
