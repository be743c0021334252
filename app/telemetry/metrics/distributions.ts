import { Histogram } from 'prom-client';
import { BOUNDS_MS, type Distribution } from '../../stats/distribution.ts';
import type { Snapshot } from '../../stats/snapshot.ts';

interface Series {
  labels: Record<string, string>;
  of: Distribution;
}

/** Every histogram, and where it stands in the picture. */
export const DISTRIBUTIONS: readonly {
  name: string;
  help: string;
  series(snapshot: Snapshot): Series[];
}[] = [
  {
    name: 'edgepool_frame_latency_seconds',
    help: 'From capture to the last answer on a frame.',
    series: ({ distributions }) => [{ labels: {}, of: distributions.frame_latency }],
  },
  {
    name: 'edgepool_conversion_seconds',
    help: "Of laying a frame into a model's input.",
    series: ({ distributions }) => [{ labels: {}, of: distributions.conversion }],
  },
  {
    name: 'edgepool_model_invoke_seconds',
    help: 'Of one invoke of the model.',
    series: ({ distributions }) =>
      distributions.invoke.map(({ model, ...of }) => ({ labels: { model }, of })),
  },
];

/**
 * A histogram whose counts were made elsewhere: prom-client can only observe values one by one,
 * the pipeline has counted them already.
 */
export class Distributions extends Histogram<string> {
  readonly #name: string;
  readonly #help: string;
  readonly #series: readonly Series[];

  constructor(name: string, help: string, series: readonly Series[]) {
    const buckets = BOUNDS_MS.map((bound) => bound / 1000);
    super({ name, help, labelNames: ['model'], buckets, registers: [] });
    this.#name = name;
    this.#help = help;
    this.#series = series;
  }

  /** What the registry asks for when it writes text. */
  async getForPromString() {
    const values = this.#series.flatMap((series) => this.#lines(series));
    return { name: this.#name, help: this.#help, type: 'histogram', values };
  }

  #lines({ labels, of }: Series) {
    const line = (ending: string, more: Record<string, string | number>, value: number) => ({
      metricName: `${this.#name}_${ending}`,
      labels: { ...labels, ...more },
      value,
    });
    return [
      ...of.counts.map((count, index) =>
        line('bucket', { le: (BOUNDS_MS[index] ?? 0) / 1000 }, count),
      ),
      line('bucket', { le: '+Inf' }, of.count),
      line('sum', {}, of.sum_ms / 1000),
      line('count', {}, of.count),
    ];
  }
}
