import type { Config } from '../config/config.ts';
import type { Answer } from '../stats/answer.ts';
import type { MqttSnapshot, Snapshot } from '../stats/snapshot.ts';
import type { Fields, Log } from './log.ts';
import { EmbeddedBroker } from './mqtt/embedded-broker.ts';
import type { Message } from './mqtt/message.ts';
import { Publisher } from './mqtt/publisher.ts';
import { Topics } from './mqtt/topics.ts';
import { ResultGate } from './result-gate.ts';

/** What a model has said about a frame. */
export interface ResultNews extends Answer {
  model: string;
  source: string;
  /** The frame's. */
  number: number;
  latency_ms: number;
  invoke_ms: number;
}

const RESULT_INTERVAL_MS = 1000;

function now(): { time: string } {
  return { time: new Date().toISOString() };
}

/** Tells the rest of the house, by MQTT, how the device is doing. */
export class Telemetry {
  readonly #config: Pick<Config, 'device' | 'mqtt'>;
  readonly #read: () => Snapshot;
  readonly #log: Log;
  readonly #topics: Topics;
  readonly #results = new ResultGate(RESULT_INTERVAL_MS);
  #broker: EmbeddedBroker | null = null;
  #publisher: Publisher | null = null;
  #timer: NodeJS.Timeout | null = null;

  constructor(config: Pick<Config, 'device' | 'mqtt'>, read: () => Snapshot, log: Log) {
    this.#config = config;
    this.#read = read;
    this.#log = log;
    this.#topics = new Topics(config.mqtt.base, config.device);
  }

  /** The broker's URL; null where there is none. */
  get url(): string | null {
    const { broker } = this.#config.mqtt;
    if (broker === 'none') return null;
    return broker === 'embedded' ? (this.#broker?.url ?? null) : broker;
  }

  get topic(): string {
    return this.#topics.root;
  }

  async start(): Promise<void> {
    if (this.#publisher !== null) return;
    const { mqtt, device } = this.#config;
    if (mqtt.broker === 'embedded') {
      this.#broker = new EmbeddedBroker(this.#log);
      await this.#broker.start();
    }
    const { url } = this;
    if (url === null) return;
    this.#publisher = new Publisher(
      {
        url,
        clientId: device,
        username: mqtt.username,
        password: mqtt.password,
        birth: this.#availability('online'),
        will: this.#availability('offline'),
        queueBytes: mqtt.queue_bytes,
        queueSeconds: mqtt.queue_seconds,
      },
      this.#log,
    );
    await this.#publisher.start();
    this.#timer = setInterval(() => this.#publishState(), mqtt.state_seconds * 1000);
  }

  async stop(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    await this.#publisher?.stop();
    await this.#broker?.stop();
    this.#broker = null;
  }

  /** A model's answer: published when it differs from the last one, at most once a second. */
  result(news: ResultNews): void {
    const {
      model,
      source,
      number: frame,
      latency_ms,
      invoke_ms,
      top,
      detections,
      keypoints,
      mask,
    } = news;
    if (!this.#results.passes(model, top[0]?.label ?? null, performance.now())) return;
    const answer = { top, detections, keypoints, mask };
    this.#publish(
      this.#topics.result(model),
      { ...now(), source, frame, latency_ms, invoke_ms, ...answer },
      1,
    );
  }

  event(kind: string, fields: Fields = {}): void {
    this.#publish(this.#topics.event, { ...now(), event: kind, ...fields }, 1);
  }

  snapshot(): { mqtt: MqttSnapshot } {
    return this.#publisher?.snapshot() ?? { mqtt: { connected: false, published: 0, dropped: 0 } };
  }

  #publishState(): void {
    this.#publish(this.#topics.state, this.#read(), 0);
  }

  #publish(topic: string, value: object, qos: 0 | 1): void {
    this.#publisher?.publish({ topic, payload: JSON.stringify(value), qos, retain: false });
  }

  #availability(payload: 'online' | 'offline'): Message {
    return { topic: this.#topics.availability, payload, qos: 1, retain: true };
  }
}
