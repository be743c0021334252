/** A program whose clean stop never ends, or that fails where nobody catches it: see argv. */
import { report } from '../../app/cli/failure.ts';
import { Stopper } from '../../app/cli/stopper.ts';

const stopper = new Stopper(Number(process.argv[3] ?? 1.8));
stopper.listen();
const alive = setInterval(() => undefined, 1000);
process.stdout.write('listening\n');
if (process.argv[2] === 'throw') {
  setTimeout(() => {
    throw new Error('first line\nsecond line');
  }, 1);
}
if (process.argv[2] === 'after') stopper.stopAfter(0.1);
await stopper.stopped();
process.stdout.write('stopping\n');
if (process.argv[2] === 'hang') await new Promise(() => undefined);
clearInterval(alive);
process.exit(stopper.failure === null ? 0 : report(stopper.failure));
