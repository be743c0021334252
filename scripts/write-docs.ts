/** Writes the pages of docs/ that are made from the code. */
import { writeFileSync } from 'node:fs';
import { planSchema } from '../app/analysis/plan-schema.ts';
import { configurationPage } from '../app/config/documentation.ts';
import { commandsPage, requestSchemas } from '../app/control/documentation.ts';
import { offerSchema } from '../app/telemetry/neighbourhood/offer-message.ts';

writeFileSync(new URL('../docs/configuration.md', import.meta.url), configurationPage());
writeFileSync(new URL('../docs/commands.md', import.meta.url), commandsPage());
writeFileSync(new URL('../docs/mqtt/set.schema.json', import.meta.url), requestSchemas());
writeFileSync(
  new URL('../docs/plan.schema.json', import.meta.url),
  `${JSON.stringify(planSchema, null, 2)}\n`,
);
writeFileSync(
  new URL('../docs/mqtt/lending.schema.json', import.meta.url),
  `${JSON.stringify(offerSchema, null, 2)}\n`,
);
