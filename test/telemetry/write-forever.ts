/** Writes one text and the other into the file in argv until it is killed. */
import { writeWhole } from '../../app/telemetry/report.ts';

process.stdout.write('writing\n');
for (;;) for (const letter of ['a', 'b']) writeWhole(process.argv[2] ?? '', letter.repeat(1 << 20));
