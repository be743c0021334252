import type { PublisherOptions } from '../../app/telemetry/mqtt/publisher.ts';

export const AVAILABILITY = 'test/device/availability';

export function publisherOptions(url: string, more: Partial<PublisherOptions>): PublisherOptions {
  return {
    url,
    clientId: 'device',
    access: () => ({ username: null, password: null, tls: {} }),
    birth: () => ({ topic: AVAILABILITY, payload: 'online', qos: 1, retain: true }),
    will: { topic: AVAILABILITY, payload: 'offline', qos: 1, retain: true },
    queueBytes: 100_000,
    queueSeconds: 60,
    backOff: { first_ms: 10, longest_ms: 50 },
    ...more,
  };
}
