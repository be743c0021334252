/** One message to a broker. */
export interface Message {
  topic: string;
  payload: string;
  /** 0: now or never; 1: kept until the broker has confirmed it. */
  qos: 0 | 1;
  retain: boolean;
  /** MQTT 5: the broker throws it away after that. */
  expiry_seconds?: number;
  /** MQTT 5: user properties, for payloads that have no room for them. */
  properties?: Readonly<Record<string, string>>;
  /** MQTT 5: what the one who asked knows the answer by. */
  correlation?: Buffer;
  /** Of no use on a later connection: then it is dropped instead of kept. */
  transient?: boolean;
  /** Worth to be kept over a power cut. */
  lasting?: boolean;
}

export function sizeOf(message: Message): number {
  return Buffer.byteLength(message.topic) + Buffer.byteLength(message.payload);
}

const HISTORICAL = ',"historical":true}';

/**
 * The message as it is sent when it comes later than it was made: a JSON object gets the field
 * `historical`. Sizes in the queue leave that out.
 */
export function asHistorical(message: Message): Message {
  const { payload } = message;
  if (!/^\{.+\}$/s.test(payload) || payload.endsWith(HISTORICAL)) return message;
  return { ...message, payload: `${payload.slice(0, -1)}${HISTORICAL}` };
}
