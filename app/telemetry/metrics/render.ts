import { Counter, Gauge, Registry } from 'prom-client';
import type { Snapshot } from '../../stats/snapshot.ts';
import { BOARD_COUNTERS, BOARD_GAUGES } from './board.ts';
import { DISTRIBUTIONS, Distributions } from './distributions.ts';
import { COUNTERS, GAUGES } from './figures.ts';
import { LENDING_COUNTERS, LENDING_GAUGES } from './lending.ts';
import { PARKING_COUNTERS, PARKING_GAUGES } from './parking.ts';

const ALL_GAUGES = [...GAUGES, ...PARKING_GAUGES, ...LENDING_GAUGES, ...BOARD_GAUGES];
const ALL_COUNTERS = [...COUNTERS, ...PARKING_COUNTERS, ...LENDING_COUNTERS, ...BOARD_COUNTERS];

/** Of `Content-Type` where the text is served. */
export const METRICS_CONTENT_TYPE = Registry.PROMETHEUS_CONTENT_TYPE;

/**
 * The picture as Prometheus reads it, in its conventions: base units, `_total` on what only rises.
 * Made anew from one snapshot at every call, so that nothing is counted a second time.
 */
export async function render(
  snapshot: Snapshot,
  identity: { device: string; version: string },
): Promise<string> {
  const registry = new Registry();
  const registers = [registry];
  const info = new Gauge({
    name: 'edgepool_info',
    help: 'Always 1; which device and which version of the program.',
    labelNames: ['device', 'version'],
    registers,
  });
  info.set(identity, 1);
  for (const { name, help, samples } of ALL_GAUGES) {
    const [first, ...others] = samples(snapshot);
    if (first === undefined) continue;
    const labelNames = Object.keys(first.labels ?? {});
    const gauge = new Gauge({ name, help, labelNames, registers });
    for (const { labels, value } of [first, ...others]) gauge.set(labels ?? {}, value);
  }
  for (const { name, help, samples } of ALL_COUNTERS) {
    const [first, ...others] = samples(snapshot);
    if (first === undefined) continue;
    const labelNames = Object.keys(first.labels ?? {});
    const counter = new Counter({ name, help, labelNames, registers });
    for (const { labels, value } of [first, ...others]) counter.inc(labels ?? {}, value);
  }
  for (const { name, help, series } of DISTRIBUTIONS) {
    registry.registerMetric(new Distributions(name, help, series(snapshot)));
  }
  return registry.metrics();
}
