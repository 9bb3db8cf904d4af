import { request } from 'node:http'
import { expect } from 'chai'
import type { MetricsServer } from '../../../src/api/metrics-server.ts'
import { startMetricsServer } from '../../../src/api/metrics-server.ts'
import { RsdpError } from '../../../src/types/errors.ts'

describe('metrics server', () => {
  let server: MetricsServer
  before(async () => {
    server = await startMetricsServer(0, '--metrics-port', {
      text: () => 'rsdp_x 1\n',
      contentType: 'text/plain',
    })
  })
  after(() => server.close())

  const ask = (path: string, method = 'GET', host = '127.0.0.1'): Promise<{ status: number; body: string }> =>
    new Promise((resolve, reject) => {
      const sent = request(
        { host: '127.0.0.1', port: server.port, path, method, headers: { host } },
        (answer) => {
          let body = ''
          answer.on('data', (chunk: Buffer) => (body += chunk.toString()))
          answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body }))
        },
      )
      sent.on('error', reject)
      sent.end()
    })

  it('refuses a foreign host, another path and another method, and says nothing then', async () => {
    expect(await ask('/metrics', 'GET', 'evil.example')).deep.equal({ status: 403, body: '' })
    expect(await ask('/metrics/', 'GET')).deep.equal({ status: 404, body: '' })
    expect(await ask('/metrics', 'POST')).deep.equal({ status: 405, body: '' })
  })

  it('serves metrics', async () => {
    expect(await ask('/metrics', 'GET', `localhost:${server.port}`)).deep.equal({
      status: 200,
      body: 'rsdp_x 1\n',
    })
  })

  it('says which flag chooses another port where this one is taken', async () => {
    const taken = await startMetricsServer(server.port, '--metrics-port', {
      text: () => '',
      contentType: '',
    }).then(
      () => null,
      (error: unknown) => error,
    )
    expect(taken).instanceOf(RsdpError)
    expect((taken as RsdpError).code).equal('E_ADDR_IN_USE')
    expect((taken as RsdpError).hint).contain('--metrics-port')
  })
})
