/** A device that a test kills: connects to the broker in argv and says so. */
import { Publisher } from '../../app/telemetry/mqtt/publisher.ts';
import { silent } from '../support/silent.ts';
import { until } from '../support/until.ts';
import { publisherOptions } from './publisher-options.ts';

const publisher = new Publisher(publisherOptions(process.argv[2] ?? '', {}), silent);
await publisher.start();
await until('connected', () => publisher.snapshot().mqtt.connected);
process.stdout.write('connected\n');
