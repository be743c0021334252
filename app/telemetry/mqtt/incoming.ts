/** A message from the broker. */
export interface Incoming {
  topic: string;
  payload: Buffer;
  /** The broker had kept it: it was not said now. */
  retained: boolean;
  /** MQTT 5: where the sender waits for an answer, and what it knows the answer by. */
  responseTopic?: string;
  correlation?: Buffer;
}
