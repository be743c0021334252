import type { Envelope } from './envelope.ts';
import type { Incoming } from './mqtt/incoming.ts';
import type { Message } from './mqtt/message.ts';
import type { Topics } from './mqtt/topics.ts';
import { responseTopicFault } from './response-topic.ts';

/** What a command gives back: `ok`, and fields of its own or an `error` of one line. */
export type CommandAnswer = { ok: boolean } & Readonly<Record<string, unknown>>;

/** Does a command; never throws. */
export type Execute = (command: string, args: unknown) => Promise<CommandAnswer>;

export interface RequestsOptions {
  topics: Topics;
  envelope: Envelope;
  /** Requests that are taken in a second; what is more is ignored. */
  perSecond: number;
  execute: Execute;
  send(message: Message): void;
  /** Told of ignored requests, at most every ten seconds. */
  onIgnored(count: number): void;
}

type Id = string | number;

interface Request {
  id: Id | null;
  args: Readonly<Record<string, unknown>>;
}

const LARGEST_REQUEST_BYTES = 64 * 1024;
const LARGEST_CORRELATION_BYTES = 1024;
const LONGEST_ID = 128;
const TELL_MS = 10_000;
/** A command's own topic of answers; of what cannot be one the answer goes to `response/invalid`. */
const COMMAND = /^[a-z][a-z-]{0,31}$/;

/**
 * Commands that come as messages: `set/<command>` with its arguments as a JSON object is answered
 * on `response/<command>`, or where MQTT 5's request says. An `id` in the object, and MQTT 5's
 * correlation data, come back with the answer.
 */
export class Requests {
  readonly #options: RequestsOptions;
  readonly #now: () => number;
  #tokens: number;
  #filled_ms: number;
  #ignored = 0;
  #told_ms = Number.NEGATIVE_INFINITY;

  constructor(options: RequestsOptions, now: () => number = () => performance.now()) {
    this.#options = options;
    this.#now = now;
    this.#tokens = Math.max(1, options.perSecond);
    this.#filled_ms = now();
  }

  /** Whether the message was meant for this, whatever became of it. */
  hear(incoming: Incoming): boolean {
    const prefix = this.#options.topics.set('');
    if (!incoming.topic.startsWith(prefix)) return false;
    // What the broker has kept was said at another time, and would be done again at every start.
    if (incoming.retained) return true;
    if (this.#mayPass()) void this.#serve(incoming.topic.slice(prefix.length), incoming);
    return true;
  }

  async #serve(name: string, incoming: Incoming): Promise<void> {
    const { topics } = this.#options;
    const command = COMMAND.test(name) ? name : 'invalid';
    const { responseTopic, correlation } = incoming;
    const fault = responseTopic === undefined ? null : responseTopicFault(responseTopic, topics);
    const topic =
      responseTopic === undefined || fault !== null ? topics.response(command) : responseTopic;
    const request = fault === null ? requestOf(incoming) : fault;
    const { id, answer } =
      typeof request === 'string'
        ? { id: null, answer: { ok: false, error: request } }
        : { id: request.id, answer: await this.#options.execute(name, request.args) };
    this.#respond(topic, { command, ...(id === null ? {} : { id }), ...answer }, correlation);
  }

  #respond(topic: string, answer: object, correlation: Buffer | undefined): void {
    const payload = JSON.stringify({ ...this.#options.envelope.next(), ...answer });
    const returned =
      correlation === undefined || correlation.length > LARGEST_CORRELATION_BYTES
        ? {}
        : { correlation };
    // Who asked on a connection that is gone does not wait any more.
    this.#options.send({ topic, payload, qos: 1, retain: false, transient: true, ...returned });
  }

  #mayPass(): boolean {
    const { perSecond, onIgnored } = this.#options;
    const now = this.#now();
    const most = Math.max(1, perSecond);
    this.#tokens = Math.min(most, this.#tokens + ((now - this.#filled_ms) * perSecond) / 1000);
    this.#filled_ms = now;
    if (this.#tokens >= 1) {
      this.#tokens--;
      return true;
    }
    this.#ignored++;
    if (now - this.#told_ms >= TELL_MS) {
      this.#told_ms = now;
      onIgnored(this.#ignored);
      this.#ignored = 0;
    }
    return false;
  }
}

/** The request, or one line that says what is wrong with it. */
function requestOf({ payload }: Incoming): Request | string {
  if (payload.length > LARGEST_REQUEST_BYTES) {
    return `the request has ${payload.length} bytes; ${LARGEST_REQUEST_BYTES} are the most`;
  }
  if (payload.length === 0) return { id: null, args: {} };
  let value: unknown;
  try {
    value = JSON.parse(payload.toString('utf8'));
  } catch {
    return 'the request is no JSON; give an object of arguments, or nothing';
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return 'the request must be a JSON object of arguments, or nothing';
  }
  const { id = null, ...args } = value as Record<string, unknown>;
  const usable = typeof id === 'string' ? id.length <= LONGEST_ID : Number.isFinite(id);
  if (id !== null && !usable) {
    return `id must be a number or a text of at most ${LONGEST_ID} characters`;
  }
  return { id: id as Id | null, args };
}
