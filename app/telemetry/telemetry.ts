import type { Config } from '../config/config.ts';
import type { Answer } from '../stats/answer.ts';
import { noMqtt } from '../stats/registry.ts';
import type { MqttSnapshot, Snapshot } from '../stats/snapshot.ts';
import { Envelope } from './envelope.ts';
import { Discovery } from './home-assistant/discovery.ts';
import type { Fields, Log } from './log.ts';
import { readAccess } from './mqtt/access.ts';
import { brokerAddress } from './mqtt/broker-address.ts';
import { EmbeddedBroker } from './mqtt/embedded-broker.ts';
import { EventFile } from './mqtt/event-file.ts';
import type { Incoming } from './mqtt/incoming.ts';
import type { Message } from './mqtt/message.ts';
import { Publisher } from './mqtt/publisher.ts';
import type { Listening } from './mqtt/session.ts';
import { Topics } from './mqtt/topics.ts';
import { type Execute, Requests } from './requests.ts';
import { ResultGate } from './result-gate.ts';
import { Summaries, settingsOf } from './summary.ts';

/** What a model has said about a frame. */
export interface ResultNews extends Answer {
  model: string;
  source: string;
  /** The frame's. */
  number: number;
  latency_ms: number;
  invoke_ms: number;
}

/** What a broker still holds after so many newer ones is thrown away by it. */
const LIVES = 3;
const SAVE_MS = 1000;
const MOST_EARLY = 32;
const OPEN = { username: null, password: null, tls: {} };

/** Tells the rest of the house, by MQTT, how the device is doing. */
export class Telemetry {
  /** Of every message of this start. */
  readonly envelope = new Envelope();
  readonly #config: Pick<Config, 'device' | 'mqtt'>;
  readonly #read: () => Snapshot;
  readonly #log: Log;
  readonly #topics: Topics;
  readonly #results: ResultGate;
  readonly #summaries = new Summaries();
  /** As the last summary told them; null: there was none. */
  #settings: string | null = null;
  readonly #discovery: Discovery | null = null;
  /** Does what is asked for on `set/`; null: nothing is. Set before the start. */
  onCommand: Execute | null = null;
  /** Names of the files that models can be switched to; null: nobody knows. Set before the start. */
  modelFiles: (() => Promise<readonly string[]>) | null = null;
  #files: readonly string[] = [];
  #requests: Requests | null = null;
  readonly #eventFile: EventFile | null = null;
  #broker: EmbeddedBroker | null = null;
  #publisher: Publisher | null = null;
  #timers: NodeJS.Timeout[] = [];
  /** Said before the start. */
  #early: Message[] = [];

  constructor(
    config: Pick<Config, 'device' | 'mqtt'>,
    read: () => Snapshot,
    log: Log,
    version = 'unknown',
  ) {
    this.#config = config;
    this.#read = read;
    this.#log = log;
    const { device, mqtt } = config;
    const { base, results: passes, result_seconds, discovery_prefix: prefix } = mqtt;
    const topics = new Topics(base, device);
    this.#topics = topics;
    this.#results = new ResultGate({ interval_ms: result_seconds * 1000, passes });
    if (mqtt.events_file !== null) this.#eventFile = new EventFile(mqtt.events_file, log);
    if (prefix === null) return;
    const { summary_seconds } = mqtt;
    this.#discovery = new Discovery({ prefix, device, version, topics, summary_seconds });
  }

  /** The broker's URL, without a password; null where there is none. */
  get url(): string | null {
    const { broker } = this.#config.mqtt;
    if (broker === 'none') return null;
    return broker === 'embedded' ? (this.#broker?.url ?? null) : brokerAddress(broker).url;
  }

  get topic(): string {
    return this.#topics.root;
  }

  async start(): Promise<void> {
    if (this.#publisher !== null) return;
    const { mqtt, device } = this.#config;
    const kept = this.#eventFile?.load() ?? [];
    if (mqtt.broker === 'embedded') {
      this.#broker = new EmbeddedBroker(this.#log);
      await this.#broker.start();
    }
    const { url } = this;
    if (url === null) return;
    this.#checkAccess();
    this.#requests = this.#makeRequests();
    this.#publisher = new Publisher(
      {
        url,
        clientId: device,
        access: () => this.#access(),
        birth: () => this.#availability('online'),
        will: this.#availability('offline'),
        queueBytes: mqtt.queue_bytes,
        queueSeconds: mqtt.queue_seconds,
        topics: this.#listening(),
        onMessage: (incoming) => this.#hear(incoming),
        onUp: () => this.#introduce(),
        onBack: (absence) => this.event('broker_back', { ...absence }),
      },
      this.#log,
    );
    await this.#readFiles();
    await this.#publisher.start();
    const early = this.#early.splice(0);
    for (const message of [...kept, ...early]) this.#publisher.publish(message);
    this.#timers = [
      setInterval(() => this.#saveEvents(), SAVE_MS),
      setInterval(() => this.#publishState(), mqtt.state_seconds * 1000),
      setInterval(() => this.#publishSummary(this.#read()), mqtt.summary_seconds * 1000),
      setInterval(() => this.#readFiles(), mqtt.summary_seconds * 1000),
    ];
  }

  async stop(): Promise<void> {
    for (const timer of this.#timers.splice(0)) clearInterval(timer);
    await this.#publisher?.stop();
    await this.#saveEvents();
    await this.#broker?.stop();
    this.#broker = null;
  }

  /** A model's answer: published when it says something new, and not too often. */
  result(news: ResultNews): void {
    const { model, source, number: frame, latency_ms, invoke_ms } = news;
    const { top, detections, keypoints, mask } = news;
    const answer = { top, detections, keypoints, mask };
    if (!this.#results.passes(model, news, performance.now())) return;
    const value = { source, frame, latency_ms, invoke_ms, ...answer };
    this.#publish({ topic: this.#topics.result(model), qos: 1 }, value);
  }

  event(kind: string, fields: Fields = {}): void {
    const lasting = this.#eventFile !== null;
    this.#publish({ topic: this.#topics.event, qos: 1, lasting }, { event: kind, ...fields });
  }

  snapshot(): { mqtt: MqttSnapshot } {
    return this.#publisher?.snapshot() ?? { mqtt: noMqtt() };
  }

  #access() {
    // The broker inside the program asks nobody who he is.
    if (this.#config.mqtt.broker === 'embedded') return OPEN;
    return readAccess(this.#config.mqtt, process.env.CREDENTIALS_DIRECTORY);
  }

  /** Throws what is wrong with the settings, before anything else starts. */
  #checkAccess(): void {
    const { broker } = this.#config.mqtt;
    const { password } = this.#access();
    if (password === null) return;
    const { url, encrypted, local } = brokerAddress(broker);
    if (encrypted || local) return;
    this.#log.warn(`the password goes to ${url} unencrypted: use mqtts:// where the broker has it`);
  }

  #listening(): Listening[] {
    const discovery = this.#discovery;
    const commands = [{ topic: this.#topics.set('#'), kept: false }];
    return [
      ...(discovery === null
        ? []
        : [
            { topic: discovery.statusTopic, kept: false },
            { topic: discovery.topic, kept: true },
          ]),
      ...(this.#requests === null ? [] : commands),
    ];
  }

  #makeRequests(): Requests | null {
    const { commands_per_second: perSecond } = this.#config.mqtt;
    const execute = this.onCommand;
    if (execute === null || perSecond === 0) return null;
    return new Requests({
      topics: this.#topics,
      envelope: this.envelope,
      perSecond,
      execute,
      send: (message) => this.#publisher?.publish(message),
      onIgnored: (count) => this.event('commands_ignored', { count }),
    });
  }

  #hear(incoming: Incoming): void {
    if (this.#requests?.hear(incoming)) return;
    const { topic, payload, retained } = incoming;
    const discovery = this.#discovery;
    if (discovery === null) return;
    const isStart = topic === discovery.statusTopic && payload.toString() === 'online';
    if (isStart && !retained) this.#introduce();
    if (topic === discovery.topic && retained && discovery.remember(payload.toString())) {
      this.#introduce();
    }
  }

  /** Home Assistant takes figures of a device only after it knows the device. */
  #introduce(): void {
    if (this.#discovery === null) return;
    this.#tellHomeAssistant(this.#discovery.announce(this.#read(), this.#files));
    this.#publishSummary(this.#read());
  }

  #tellHomeAssistant(messages: readonly Message[]): void {
    for (const message of messages) {
      const { boot, sequence } = this.envelope.next();
      const properties = { boot, sequence: String(sequence) };
      this.#publisher?.publish({ ...message, properties });
    }
  }

  /** Events that a broker takes at once are never written: memory cards wear. */
  async #saveEvents(): Promise<void> {
    const publisher = this.#publisher;
    if (publisher === null || this.#eventFile === null) return;
    const waiting = publisher.lasting();
    // What goes out now stays in the file until all of it has arrived.
    if (publisher.up && waiting.length > 0) return;
    await this.#eventFile.save(waiting);
  }

  /** A folder that cannot be read has no files to choose from; commands say why. */
  async #readFiles(): Promise<void> {
    if (this.modelFiles !== null) this.#files = await this.modelFiles().catch(() => []);
  }

  #publishState(): void {
    const state = this.#read();
    const expiry_seconds = Math.ceil(LIVES * this.#config.mqtt.state_seconds);
    this.#publish({ topic: this.#topics.state, qos: 0, expiry_seconds }, state);
    if (!this.#publisher?.up) return;
    this.#tellHomeAssistant(this.#discovery?.renew(state, this.#files) ?? []);
    // Who has set something waits to see it.
    const told = this.#settings;
    if (told !== null && settingsOf(state) !== told) this.#publishSummary(state);
  }

  #publishSummary(state: Snapshot): void {
    const expiry_seconds = Math.ceil(LIVES * this.#config.mqtt.summary_seconds);
    const summary = this.#summaries.next(state, performance.now());
    this.#settings = settingsOf(state);
    this.#publish({ topic: this.#topics.summary, qos: 0, expiry_seconds }, summary);
  }

  #publish(message: Omit<Message, 'payload' | 'retain'>, value: object): void {
    const payload = JSON.stringify({ ...this.envelope.next(), ...value });
    const whole = { ...message, payload, retain: false };
    if (this.#publisher !== null) this.#publisher.publish(whole);
    else if (message.qos === 1 && this.#early.length < MOST_EARLY) this.#early.push(whole);
  }

  /** Plain text, for whoever needs one word; with MQTT 5 it says which start it speaks of. */
  #availability(payload: 'online' | 'offline'): Message {
    const properties = { boot: this.envelope.boot };
    return { topic: this.#topics.availability, payload, qos: 1, retain: true, properties };
  }
}
