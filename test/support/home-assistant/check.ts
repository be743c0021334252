import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Ajv } from 'ajv';

const folder = fileURLToPath(new URL('.', import.meta.url));

const ajv = new Ajv({ allErrors: true, allowUnionTypes: true, strictRequired: false });
for (const name of readdirSync(folder).filter((file) => file.endsWith('.schema.json'))) {
  ajv.addSchema(JSON.parse(readFileSync(`${folder}${name}`, 'utf8')));
}

/** What Home Assistant's documentation has against a discovery message; empty where nothing. */
export function discoveryFault(payload: string): string {
  const check = ajv.getSchema('device.schema.json');
  if (check === undefined) throw new Error('device.schema.json is missing');
  return check(JSON.parse(payload)) ? '' : ajv.errorsText(check.errors);
}
