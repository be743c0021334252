/** Saves one list of events and the other into the file in argv until it is killed. */
import { EventFile } from '../../app/telemetry/mqtt/event-file.ts';
import { silent } from '../support/silent.ts';
import { savedEvents } from './saved-events.ts';

const file = new EventFile(process.argv[2] ?? '', silent);
process.stdout.write('saving\n');
for (;;) for (const count of [100, 5000]) await file.save(savedEvents(count));
