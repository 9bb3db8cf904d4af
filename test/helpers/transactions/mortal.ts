import type { RecordJournal } from '../../../src/ports/record-journal.ts'
import type { Peer, Transport } from '../../../src/ports/transport.ts'
import type { Address } from '../../../src/types/ids.ts'

/** Whether a node is alive. What belongs to a dead one does nothing any more. */
export interface Life {
  isOver: boolean
}

/** A transport whose node may die: nothing leaves and nothing arrives from then on. */
export class MortalTransport implements Transport {
  readonly key: Address
  readonly #link: Transport
  readonly #life: Life

  constructor(link: Transport, life: Life) {
    this.key = link.key
    this.#link = link
    this.#life = life
  }

  addresses(): readonly string[] {
    return this.#link.addresses()
  }

  start(): Promise<void> {
    return this.#link.start()
  }

  stop(): Promise<void> {
    return this.#link.stop()
  }

  setPeers(peers: readonly Peer[]): void {
    this.#link.setPeers(peers)
  }

  connected(): readonly Address[] {
    return this.#life.isOver ? [] : this.#link.connected()
  }

  broadcast(bytes: Uint8Array): void {
    if (!this.#life.isOver) this.#link.broadcast(bytes)
  }

  send(to: Address, bytes: Uint8Array): void {
    if (!this.#life.isOver) this.#link.send(to, bytes)
  }

  sendData(to: Address, bytes: Uint8Array): void {
    if (!this.#life.isOver) this.#link.sendData(to, bytes)
  }

  onMessage(receive: (from: Address, bytes: Uint8Array) => void): void {
    this.#link.onMessage((from, bytes) => {
      if (!this.#life.isOver) receive(from, bytes)
    })
  }

  counters(): ReturnType<Transport['counters']> {
    return this.#link.counters()
  }
}

/** A journal that tells of what is about to be written, and of what has been, and fails once its node is dead. */
export class MortalJournal implements RecordJournal {
  readonly #journal: RecordJournal
  readonly #life: Life
  readonly #tell: (when: 'before' | 'after', records: readonly Uint8Array[]) => void

  constructor(
    journal: RecordJournal,
    life: Life,
    tell: (when: 'before' | 'after', records: readonly Uint8Array[]) => void,
  ) {
    this.#journal = journal
    this.#life = life
    this.#tell = tell
  }

  read(): readonly Uint8Array[] {
    return this.#journal.read()
  }

  append(records: readonly Uint8Array[]): void {
    this.#tell('before', records)
    this.#check()
    this.#journal.append(records)
    this.#tell('after', records)
  }

  replace(records: readonly Uint8Array[]): void {
    this.#check()
    this.#journal.replace(records)
  }

  close(): void {
    this.#journal.close()
  }

  #check(): void {
    if (this.#life.isOver) throw new Error('the node is dead')
  }
}
