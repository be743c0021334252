import { createHash } from 'node:crypto';
import type { Snapshot } from '../../stats/snapshot.ts';
import type { Message } from '../mqtt/message.ts';
import type { Topics } from '../mqtt/topics.ts';
import { keysOf } from '../summary.ts';
import { type Component, componentsOf } from './components.ts';

export interface DiscoveryOptions {
  /** Where Home Assistant looks. */
  prefix: string;
  device: string;
  version: string;
  topics: Topics;
  summary_seconds: number;
}

/** A figure is shown until so many summaries have failed to come. */
const MISSING_SUMMARIES = 3;

/** As it may stand in a topic of discovery; two devices never have the same. */
function idOf(device: string): string {
  const plain = keysOf([device]).get(device) ?? '';
  if (plain === device) return device;
  return `${plain}_${createHash('sha256').update(device).digest('hex').slice(0, 6)}`;
}

/** The entities of an announcement; none where it is no announcement. */
function platformsOf(payload: string): [string, string][] {
  let message: { components?: Record<string, { platform?: unknown } | null> } | null;
  try {
    message = JSON.parse(payload);
  } catch {
    return [];
  }
  const components = message?.components;
  if (typeof components !== 'object' || components === null) return [];
  return Object.entries(components).flatMap(([key, component]) =>
    typeof component?.platform === 'string' ? [[key, component.platform] as const] : [],
  ) as [string, string][];
}

/**
 * Home Assistant's device discovery: one retained message describes the device with all of its
 * entities. An entity that is gone is taken away by one message that names it without contents and
 * one that leaves it out.
 * See https://www.home-assistant.io/integrations/mqtt/#device-discovery-payload.
 */
export class Discovery {
  readonly #options: DiscoveryOptions;
  readonly #id: string;
  #announced = new Map<string, Component>();
  #text = '';

  constructor(options: DiscoveryOptions) {
    this.#options = options;
    this.#id = idOf(options.device);
  }

  /** Where Home Assistant says that it has started. */
  get statusTopic(): string {
    return `${this.#options.prefix}/status`;
  }

  get topic(): string {
    return `${this.#options.prefix}/device/${this.#id}/config`;
  }

  /** What is to be published so that Home Assistant knows the device as it is now. */
  announce(snapshot: Snapshot, files: readonly string[] = []): Message[] {
    const { topics, summary_seconds } = this.#options;
    const expire_after = Math.ceil(MISSING_SUMMARIES * summary_seconds);
    const components = componentsOf(snapshot, { topics, expire_after, files });
    const gone = [...this.#announced].filter(([key]) => !components.has(key));
    this.#announced = components;
    this.#text = this.#payload(components);
    const now = this.#message(this.#text);
    if (gone.length === 0) return [now];
    const emptied = gone.map(([key, { platform }]): [string, Component] => [key, { platform }]);
    return [this.#message(this.#payload(new Map([...components, ...emptied]))), now];
  }

  /**
   * Learns what an earlier start has announced and the broker has kept. Whether there is something
   * in it that has to be taken away: then announce again.
   */
  remember(payload: string): boolean {
    const earlier = platformsOf(payload).filter(([key]) => !this.#announced.has(key));
    for (const [key, platform] of earlier) this.#announced.set(key, { platform });
    return earlier.length > 0;
  }

  /** As `announce`, where it says something else than before; nothing otherwise. */
  renew(snapshot: Snapshot, files: readonly string[] = []): Message[] {
    const before = this.#text;
    const messages = this.announce(snapshot, files);
    return this.#text === before ? [] : messages;
  }

  #payload(components: ReadonlyMap<string, Component>): string {
    const { device, version, topics } = this.#options;
    return JSON.stringify({
      device: {
        identifiers: [device],
        name: device,
        manufacturer: 'edgepool',
        model: 'Edge AI camera',
        sw_version: version,
      },
      origin: { name: 'edgepool', sw_version: version },
      availability_topic: topics.availability,
      components: Object.fromEntries(
        [...components].map(([key, component]) => [
          key,
          Object.keys(component).length === 1
            ? component
            : { ...component, unique_id: `${this.#id}_${key}` },
        ]),
      ),
    });
  }

  #message(payload: string): Message {
    return { topic: this.topic, payload, qos: 1, retain: true, transient: true };
  }
}
