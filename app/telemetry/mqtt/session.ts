import mqtt, { type MqttClient } from 'mqtt';
import type { Message } from './message.ts';

export interface SessionOptions {
  url: string;
  clientId: string;
  username: string | null;
  password: string | null;
  will: Message;
  connectTimeout_ms: number;
}

export interface SessionEvents {
  /** The broker has accepted the connection: CONNACK with reason code 0. */
  up(): void;
  /** Once, whether it was up before or not. Nothing follows. */
  down(reason: string): void;
}

/** What may wait in the socket before a QoS 0 message counts as not deliverable. */
const SOCKET_BACKLOG_BYTES = 64 * 1024;
const KEEPALIVE_SECONDS = 15;

/**
 * One connection to a broker, from CONNECT to its end; never a second one. What is not confirmed
 * when it ends is the owner's to send again: MQTT.js's own store and its unbounded queue of offline
 * messages stay empty, because a session that ended is thrown away.
 */
export class Session {
  readonly #options: SessionOptions;
  readonly #events: SessionEvents;
  #client: MqttClient | null = null;
  #up = false;
  #down = false;
  #reason = 'connection closed';
  readonly #unanswered = new Set<(delivered: boolean) => void>();

  constructor(options: SessionOptions, events: SessionEvents) {
    this.#options = options;
    this.#events = events;
  }

  get up(): boolean {
    return this.#up;
  }

  open(): void {
    const { url, clientId, username, password, will, connectTimeout_ms } = this.#options;
    const client = mqtt.connect(url, {
      clientId,
      ...(username === null ? {} : { username }),
      ...(password === null ? {} : { password }),
      will: {
        topic: will.topic,
        payload: Buffer.from(will.payload),
        qos: will.qos,
        retain: will.retain,
      },
      protocolVersion: 4,
      clean: true,
      reconnectPeriod: 0,
      queueQoSZero: false,
      resubscribe: false,
      keepalive: KEEPALIVE_SECONDS,
      connectTimeout: connectTimeout_ms,
    });
    this.#client = client;
    client.on('connect', () => {
      this.#up = true;
      this.#events.up();
    });
    client.on('error', (error) => {
      this.#reason = 'code' in error && error.message === '' ? String(error.code) : error.message;
      this.#end();
    });
    client.on('close', () => this.#end());
  }

  /**
   * `done` says, once, whether the message was delivered: QoS 0 handed to the system, QoS 1
   * confirmed. It is called before `down` for what was not.
   */
  publish(message: Message, done: (delivered: boolean) => void): void {
    const client = this.#client;
    const full = message.qos === 0 && (client?.stream.writableLength ?? 0) > SOCKET_BACKLOG_BYTES;
    if (client === null || !this.#up || full) {
      done(false);
      return;
    }
    const { topic, payload, qos, retain } = message;
    this.#unanswered.add(done);
    client.publish(topic, payload, { qos, retain }, (error) => {
      if (this.#unanswered.delete(done)) done(!error);
    });
  }

  /** Says goodbye (no last will follows) and waits until the connection is closed, but not long. */
  async close(patience_ms: number): Promise<void> {
    const client = this.#client;
    if (client === null || this.#down) return;
    this.#reason = 'stopped';
    if (this.#up) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, patience_ms);
        client.end(false, {}, () => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
    this.#end();
  }

  #end(): void {
    if (this.#down) return;
    this.#down = true;
    this.#up = false;
    const unanswered = [...this.#unanswered];
    this.#unanswered.clear();
    this.#client?.end(true);
    for (const done of unanswered) done(false);
    this.#events.down(this.#reason);
  }
}
