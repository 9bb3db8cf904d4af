import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import type { AddressInfo, Socket } from 'node:net'
import { connect, createServer } from 'node:net'
import { expect } from 'chai'
import { findBroker } from '../helpers/broker.ts'
import { createAmqpTransport } from '../helpers/transport-kit.ts'

const broker = await findBroker()
if (broker === null) it.skip('amqp: a broker that takes nothing any more (no RabbitMQ at 127.0.0.1:5672)')
else {
  describe('amqp: a broker that takes nothing any more', function () {
    this.timeout(60_000)

    it('does not hold up the end of a node', async () => {
      const { hostname, port, username, password } = new URL(broker)
      const sockets: Socket[] = []
      const proxy = createServer((near) => {
        const far = connect(Number(port === '' ? 5672 : port), hostname)
        sockets.push(near, far)
        for (const socket of [near, far]) socket.on('error', () => undefined)
        near.pipe(far)
        far.pipe(near)
      })
      proxy.listen(0, '127.0.0.1')
      await once(proxy, 'listening')
      const url = new URL(broker)
      url.host = `127.0.0.1:${(proxy.address() as AddressInfo).port}`
      Object.assign(url, { username, password })
      const node = createAmqpTransport(1, {
        broker: url.href,
        namespace: `rsdp-test.${randomBytes(8).toString('hex')}`,
        limits: { closeDeadlineMs: 100 },
      })
      await node.start()
      // as a broker does that is short of memory: it reads no more of whoever has published
      const [near, far] = sockets
      near?.unpipe(far)
      near?.pause()
      await node.stop()
      expect(near === undefined || far === undefined).equal(false)
      for (const socket of sockets) socket.destroy()
      proxy.close()
    })
  })
}
