import { Agent as HttpAgent, request as httpRequest } from 'node:http'
import type { ClientRequest, IncomingMessage } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import type { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { Failure, headersOf, REFUSAL_BYTES_MAX } from './http-post.ts'
import type { HttpAnswer, HttpPost, PostLimits } from './http-post.ts'
import type { RpcUrl } from './rpc-url.ts'

// connections stay open between requests, and hold no process up
const agents = { http: new HttpAgent({ keepAlive: true }), https: new HttpsAgent({ keepAlive: true }) }

/** By the http module of Node. */
export const nodePost: HttpPost = (url, body, limits) =>
  new Promise<HttpAnswer>((resolve, reject) => {
    let isLate = false
    const request = open(url, body, limits)
    const timer = setTimeout(() => {
      isLate = true
      request.destroy(new Error('too late'))
    }, limits.timeoutMs)
    const fail = (error: unknown): void => {
      clearTimeout(timer)
      reject(failureOf(error, isLate, limits.closed.aborted))
    }
    request.on('error', fail)
    request.on('response', (response) => {
      read(response, limits).then((answer) => {
        clearTimeout(timer)
        resolve(answer)
      }, fail)
    })
    request.end(body)
  })

function open(url: RpcUrl, body: string, { closed }: PostLimits): ClientRequest {
  const headers = {
    ...headersOf(url),
    'accept-encoding': 'gzip',
    'content-length': String(Buffer.byteLength(body)),
  }
  const { target } = url
  return target.startsWith('https:')
    ? httpsRequest(target, { method: 'POST', headers, agent: agents.https, signal: closed })
    : httpRequest(target, { method: 'POST', headers, agent: agents.http, signal: closed })
}

function failureOf(error: unknown, isLate: boolean, isClosed: boolean): Failure {
  if (error instanceof Failure) return error
  if (isClosed) return new Failure('closed')
  return isLate ? new Failure('timeout') : new Failure('unreachable', '', error)
}

async function read(response: IncomingMessage, { bytesMax }: PostLimits): Promise<HttpAnswer> {
  const status = response.statusCode ?? 0
  const isAnswer = status === 200
  const bytes = await bytesOf(response, isAnswer ? bytesMax : REFUSAL_BYTES_MAX)
  if (bytes === null && isAnswer) throw new Failure('too-large')
  return [status, bytes?.toString() ?? '']
}

/** Of the body, unpacked; null if there are more than that. */
function bytesOf(response: IncomingMessage, most: number): Promise<Buffer | null> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = []
    let length = 0
    const body: Readable =
      response.headers['content-encoding'] === 'gzip' ? unpacked(response, reject) : response
    body.on('data', (part: Buffer) => {
      length += part.length
      if (length <= most) parts.push(part)
      else {
        resolve(null)
        response.destroy()
      }
    })
    body.on('end', () => {
      resolve(Buffer.concat(parts))
    })
    body.on('error', reject)
    // an end of the connection in the middle of a body
    response.on('close', () => {
      if (!response.complete) reject(new Error('the connection was closed in the middle of an answer'))
    })
  })
}

function unpacked(response: IncomingMessage, reject: (error: Error) => void): Readable {
  response.on('error', reject)
  return response.pipe(createGunzip())
}
