import type { ModelSnapshot, Snapshot } from '../../stats/snapshot.ts';
import { cut, plain, width } from './text.ts';

const GAP = '  ';

function milliseconds(value: number): string {
  return value < 10 ? value.toFixed(1) : value.toFixed(0);
}

function head({ frames, frame_latency_ms: latency, deadline_hit_ratio }: Snapshot): string {
  return [
    `${frames.fps.toFixed(1)} fps`,
    `${milliseconds(latency.p50)}/${milliseconds(latency.p99)} ms`,
    `${(deadline_hit_ratio * 100).toFixed(1)} %`,
  ].join(GAP);
}

/** `rec 12 MiB`, with what was left out; `rec full`. */
function recordings({ sources }: Snapshot): string[] {
  return sources.flatMap(({ recording }) => {
    if (recording === null) return [];
    const { state, bytes, dropped } = recording;
    const lost = dropped > 0 ? ` -${dropped}` : '';
    return [`rec ${state === 'on' ? `${(bytes / 2 ** 20).toFixed(0)} MiB` : state}${lost}`];
  });
}

function tail({ region, mqtt }: Snapshot, showsMqtt: boolean): string {
  const mib = (bytes: number) => (bytes / 2 ** 20).toFixed(0);
  const use = `${mib(region.mapped_bytes)}/${mib(region.capacity_bytes)} MiB`;
  if (!showsMqtt) return use;
  const lost = mqtt.dropped > 0 ? ` -${mqtt.dropped}` : '';
  const state = mqtt.connected ? 'on' : mqtt.refused === null ? 'away' : 'refused';
  return `${use}${GAP}mqtt ${state}${lost}`;
}

function latencyOf({ latency_ms: { p50, p99 } }: ModelSnapshot): string {
  return `${milliseconds(p50)}/${milliseconds(p99)}`;
}

function answerOf(model: ModelSnapshot, columns = Number.POSITIVE_INFINITY): string {
  const time = ` ${milliseconds(model.latency_ms.p50)}`;
  return cut(plain(model.top?.label ?? '-'), columns - time.length) + time;
}

/** Shares columns out: whoever needs less leaves the rest to the others. */
function shares(needs: readonly number[], columns: number): number[] {
  const order = needs.map((need, index) => ({ need, index })).sort((a, b) => a.need - b.need);
  const given = needs.map(() => 0);
  let left = columns;
  order.forEach(({ need, index }, position) => {
    const share = Math.min(need, Math.floor(left / (order.length - position)));
    given[index] = share;
    left -= share;
  });
  return given;
}

/** Each model's answer and time, with its name and 99th percentile where all of that fits. */
function answers(models: readonly ModelSnapshot[], columns: number): string[] {
  const whole = models.map(
    (model) => `${model.name}: ${plain(model.top?.label ?? '-')} ${latencyOf(model)}`,
  );
  if (whole.reduce((sum, text) => sum + width(text), 0) <= columns) return whole;
  const needs = models.map((model) => width(answerOf(model)));
  const given = shares(needs, columns);
  return models.map((model, index) => answerOf(model, given[index] ?? 0));
}

/** A letter or two of the label, and the time. */
const LEAST_ANSWER = 8;

/**
 * The state of things in one line of at most so many columns: frames a second, p50/p99 latency,
 * deadlines kept, each model's answer and the milliseconds from capture to it, the region's use,
 * MQTT; before them what is recorded; the cost of conversion by itself where there is room for it.
 */
export function statusText(snapshot: Snapshot, columns: number, showsMqtt: boolean): string {
  const left = [...recordings(snapshot), head(snapshot)].join(GAP);
  const right = tail(snapshot, showsMqtt);
  const { models } = snapshot;
  const conversion = `convert ${milliseconds(snapshot.conversion_ms.p50)}`;
  const room = columns - width(left) - width(right) - GAP.length * (models.length + 1);
  if (room < models.length * LEAST_ANSWER) return cut([left, right].join(GAP), columns);
  const texts = answers(models, room);
  const whole = [left, ...texts, conversion, right].join(GAP);
  return width(whole) <= columns ? whole : [left, ...texts, right].join(GAP);
}
