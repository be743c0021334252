import type { Message } from '../../app/telemetry/mqtt/message.ts';

export function savedEvents(count: number): Message[] {
  return Array.from({ length: count }, (_, number) => ({
    topic: 'edgepool/board/event',
    payload: JSON.stringify({ event: 'kept', number }),
    qos: 1,
    retain: false,
    lasting: true,
  }));
}
