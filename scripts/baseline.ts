/**
 * Renews test/baseline.json: what each model needs now is what it may need from now on.
 *   scripts/baseline.ts FOLDER...    folders of models; one that is not there is named, its models
 *                                    keep the figures they have
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { analyseModel } from '../app/analysis/analyse-model.ts';
import { type Baseline, baselineEntry, regressions } from '../app/analysis/baseline.ts';
import { writeWhole } from '../app/telemetry/report.ts';

const FILE = fileURLToPath(new URL('../test/baseline.json', import.meta.url));

const baseline: Baseline = existsSync(FILE) ? JSON.parse(readFileSync(FILE, 'utf8')) : {};
for (const folder of process.argv.slice(2)) {
  if (!existsSync(folder)) {
    console.log(`no ${folder}: its models keep the figures they have`);
    continue;
  }
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.tflite'))) {
    const name = basename(file, '.tflite');
    const is = baselineEntry(await analyseModel(join(folder, file), { threads: 1, library: null }));
    const was = baseline[name];
    for (const line of was === undefined ? [`${name}: new`] : regressions(name, was, is)) {
      console.log(line);
    }
    baseline[name] = is;
  }
}
const sorted = Object.fromEntries(Object.entries(baseline).sort(([a], [b]) => (a < b ? -1 : 1)));
writeWhole(FILE, `${JSON.stringify(sorted, null, 2)}\n`);
