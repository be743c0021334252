/**
 * Makes the project's own models:
 *
 *   tsx scripts/make-models.ts [--out DIR] [NAME...]
 *
 * Without names all of them, and the list of those that the app runs by default.
 */
import { parseArgs } from 'node:util';
import { CATALOGUE } from './models/catalogue.ts';
import { ModelStore } from './models/model-store.ts';

function fail(message: string): never {
  process.stderr.write(`make-models: ${message}\n`);
  process.exit(2);
}

function readArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: { out: { type: 'string', default: 'build/models' } },
    });
  } catch (error) {
    return fail((error as Error).message);
  }
}

const { values, positionals } = readArguments();
const names = CATALOGUE.map(({ name }) => name);
const unknown = positionals.find((name) => !names.includes(name));
if (unknown !== undefined) fail(`no model '${unknown}'; there are ${names.join(', ')}`);

const wanted = CATALOGUE.filter(
  ({ name }) => positionals.length === 0 || positionals.includes(name),
);
const store = new ModelStore(values.out);
for (const [i, entry] of wanted.entries()) {
  const made = await store.make(entry);
  const size = `${(made.bytes / 1e6).toFixed(2)} MB`;
  const note = made.fresh ? '' : ', as it was';
  process.stdout.write(`[${i + 1}/${wanted.length}] ${made.file}: ${size}${note}\n`);
}
if (positionals.length === 0) await store.writeDefaultJob();
