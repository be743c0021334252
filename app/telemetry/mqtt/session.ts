import mqtt, {
  type IClientOptions,
  type IClientPublishOptions,
  type IClientSubscribeOptions,
  type MqttClient,
  ReasonCodes,
} from 'mqtt';
import type { Access } from './access.ts';
import type { Incoming } from './incoming.ts';
import type { Message } from './message.ts';
import type { Protocol } from './protocol-choice.ts';
import { type Trouble, troubleOf } from './trouble.ts';

export interface SessionOptions {
  url: string;
  clientId: string;
  access: Access;
  protocol: Protocol;
  will: Message;
  topics: readonly Listening[];
  connectTimeout_ms: number;
}

/** What this device listens to. */
export interface Listening {
  topic: string;
  /** Whether it wants to hear what the broker has kept there. */
  kept: boolean;
}

export interface SessionEvents {
  /** The broker has accepted the connection: CONNACK with reason code 0. */
  up(): void;
  heard(incoming: Incoming): void;
  /** The broker does not let this device listen to a topic. */
  deaf(topic: string): void;
  /** Once, whether it was up before or not. Nothing follows. */
  down(trouble: Trouble): void;
}

/**
 * delivered: QoS 0 handed to the system, QoS 1 confirmed. refused: the broker does not take this
 * message. lost: the session ended first.
 */
export type Outcome = 'delivered' | 'refused' | 'lost';

/** What may wait in the socket before a QoS 0 message counts as not deliverable. */
const SOCKET_BACKLOG_BYTES = 64 * 1024;
const KEEPALIVE_SECONDS = 15;
/** QoS 1 messages on their way at one time, where the broker names no limit. */
const WINDOW = 16;
/** Nothing larger is wanted from the broker. */
const LARGEST_INCOMING_BYTES = 128 * 1024;
/** Of a PUBLISH, beside topic and payload; properties have room in it. */
const HEADER_BYTES = 256;

function publishOptions(message: Message, protocol: Protocol): IClientPublishOptions {
  const { qos, retain, expiry_seconds, properties, correlation } = message;
  if (protocol === '3.1.1') return { qos, retain };
  return {
    qos,
    retain,
    properties: {
      ...(expiry_seconds === undefined ? {} : { messageExpiryInterval: expiry_seconds }),
      ...(properties === undefined ? {} : { userProperties: { ...properties } }),
      ...(correlation === undefined ? {} : { correlationData: correlation }),
    },
  };
}

function mqttReason(code: number | undefined): string {
  const names: Readonly<Record<number, string>> = ReasonCodes;
  return names[code ?? 0] || 'the broker has ended it';
}

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
  #closing = false;
  #trouble: Trouble = { kind: 'away', reason: 'connection closed', ending: 'unanswered' };
  #window = WINDOW;
  #largestBytes = Number.POSITIVE_INFINITY;
  readonly #unanswered = new Set<(outcome: Outcome) => void>();

  constructor(options: SessionOptions, events: SessionEvents) {
    this.#options = options;
    this.#events = events;
  }

  get up(): boolean {
    return this.#up;
  }

  get protocol(): Protocol {
    return this.#options.protocol;
  }

  /** QoS 1 messages that the broker takes before it has confirmed the first. */
  get window(): number {
    return this.#window;
  }

  open(): void {
    const client = mqtt.connect(this.#options.url, this.#clientOptions());
    this.#client = client;
    client.on('connect', ({ properties }) => {
      this.#up = true;
      this.#trouble = { kind: 'away', reason: 'connection closed', ending: 'other' };
      this.#window = Math.min(WINDOW, properties?.receiveMaximum ?? WINDOW);
      this.#largestBytes = properties?.maximumPacketSize ?? this.#largestBytes;
      this.#listen(client);
      this.#events.up();
    });
    client.on('message', (topic, payload, { retain, properties }) => {
      const { responseTopic, correlationData } = properties ?? {};
      this.#events.heard({
        topic,
        payload,
        retained: retain,
        ...(responseTopic === undefined ? {} : { responseTopic }),
        ...(correlationData === undefined ? {} : { correlation: correlationData }),
      });
    });
    client.on('error', (error) => {
      this.#trouble = troubleOf(error, this.#up);
      this.#end();
    });
    client.on('disconnect', ({ reasonCode }) => {
      const error = Object.assign(new Error(mqttReason(reasonCode)), { code: reasonCode ?? 0 });
      this.#trouble = troubleOf(error, true);
    });
    client.on('close', () => this.#end());
  }

  /** `done` is called once; before `down` for what was lost. */
  publish(message: Message, done: (outcome: Outcome) => void): void {
    const client = this.#client;
    const full = message.qos === 0 && (client?.stream.writableLength ?? 0) > SOCKET_BACKLOG_BYTES;
    if (client === null || !this.#up || full) {
      done('lost');
      return;
    }
    const { topic, payload } = message;
    if (Buffer.byteLength(topic) + Buffer.byteLength(payload) + HEADER_BYTES > this.#largestBytes) {
      done('refused');
      return;
    }
    this.#unanswered.add(done);
    client.publish(topic, payload, publishOptions(message, this.protocol), (error) => {
      if (!this.#unanswered.delete(done)) return;
      if (error) done(this.#up && !this.#closing ? 'refused' : 'lost');
      else done('delivered');
    });
  }

  /** Says goodbye (no last will follows) and waits until the connection is closed, but not long. */
  async close(patience_ms: number): Promise<void> {
    const client = this.#client;
    if (client === null || this.#down) return;
    this.#closing = true;
    this.#trouble = { kind: 'away', reason: 'stopped', ending: 'other' };
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

  /** With MQTT 5 the broker keeps to itself what is not wanted, and what this device says. */
  #listen(client: MqttClient): void {
    for (const { topic, kept } of this.#options.topics) {
      const wanted = { rh: kept ? 0 : 2, nl: true };
      const options = { qos: 1, ...(this.protocol === '5' ? wanted : {}) };
      client.subscribe(topic, options as IClientSubscribeOptions, (error, granted) => {
        if (!this.#up) return;
        if (error || granted?.some(({ qos }) => qos >= 128)) this.#events.deaf(topic);
      });
    }
  }

  #clientOptions(): IClientOptions {
    const { clientId, access, protocol, will, connectTimeout_ms } = this.#options;
    const { properties } = publishOptions(will, protocol);
    return {
      clientId,
      ...(access.username === null ? {} : { username: access.username }),
      ...(access.password === null ? {} : { password: access.password }),
      ...access.tls,
      will: {
        topic: will.topic,
        payload: Buffer.from(will.payload),
        qos: will.qos,
        retain: will.retain,
        ...(properties === undefined ? {} : { properties }),
      },
      protocolVersion: protocol === '5' ? 5 : 4,
      ...(protocol === '5' ? { properties: { maximumPacketSize: LARGEST_INCOMING_BYTES } } : {}),
      clean: true,
      reconnectPeriod: 0,
      queueQoSZero: false,
      resubscribe: false,
      keepalive: KEEPALIVE_SECONDS,
      connectTimeout: connectTimeout_ms,
    };
  }

  #end(): void {
    if (this.#down) return;
    this.#down = true;
    this.#up = false;
    const unanswered = [...this.#unanswered];
    this.#unanswered.clear();
    this.#client?.end(true);
    for (const done of unanswered) done('lost');
    this.#events.down(this.#trouble);
  }
}
