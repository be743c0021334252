import { readFileSync } from 'node:fs';
import mqtt, {
  type IClientOptions,
  type IClientPublishOptions,
  type IPublishPacket,
  type MqttClient,
} from 'mqtt';
import { until } from './until.ts';

export interface Observed {
  topic: string;
  payload: string;
  qos: number;
  retain: boolean;
  /** MQTT 5 alone. */
  correlation: Buffer | undefined;
}

/** Who it is; `ca` is the file of an authority. */
type As = Omit<IClientOptions, 'ca'> & { ca?: string };

/** Another client of the broker, which hears everything that is said. */
export class Observer {
  readonly heard: Observed[] = [];
  readonly #client: MqttClient;

  private constructor(client: MqttClient) {
    this.#client = client;
  }

  /** Returns once its subscription holds. */
  static async listen(url: string, topic = '#', { ca, ...more }: As = {}): Promise<Observer> {
    const trust = ca === undefined ? {} : { ca: readFileSync(ca) };
    const client = mqtt.connect(url, { reconnectPeriod: 20, ...trust, ...more });
    const observer = new Observer(client);
    client.on('message', (heardTopic: string, payload: Buffer, packet: IPublishPacket) => {
      const { qos, retain, properties } = packet;
      const correlation = properties?.correlationData;
      const text = payload.toString();
      observer.heard.push({ topic: heardTopic, payload: text, qos, retain, correlation });
    });
    client.on('error', () => undefined);
    await client.subscribeAsync(topic, { qos: 1 });
    return observer;
  }

  /** Says something itself. */
  async say(topic: string, payload: string | Buffer, how: IClientPublishOptions = {}) {
    await this.#client.publishAsync(topic, payload, { qos: 1, ...how });
  }

  on(topic: string): string[] {
    return this.heard.filter((message) => message.topic === topic).map(({ payload }) => payload);
  }

  async hears(topic: string, payload: string): Promise<void> {
    await until(`${topic} ${payload}`, () => this.on(topic).includes(payload));
  }

  async close(): Promise<void> {
    await this.#client.endAsync(true);
  }
}
