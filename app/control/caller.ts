/** Whom the answer goes to: who is at this machine, or reaches it with its token; who asked by MQTT. */
export type Caller = 'here' | 'mqtt';
