import { connect } from 'amqplib'

/** The broker that tests use: RSDP_TEST_BROKER, or RabbitMQ with its own defaults on this machine; null if there is none. */
export async function findBroker(): Promise<string | null> {
  const url = process.env['RSDP_TEST_BROKER'] ?? 'amqp://guest:guest@127.0.0.1:5672/'
  try {
    const model = await connect(url, { timeout: 5_000 })
    await model.close()
    return url
  } catch {
    return null
  }
}
