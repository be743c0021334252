import { element, escapeText } from '../drawing/svg.ts';
import { size } from '../drawing/text.ts';
import { type AnalysedModel, titleOf } from './analyse-model.ts';
import { legend, poolMap, sizeHistogram, timeline } from './charts.ts';
import type { PlanFile } from './plan-file.ts';

const STYLE = `
:root { color-scheme: light; }
body { margin: 0 auto; max-width: 1000px; padding: 24px; background: #fff; color: #1b2430;
  font: 15px/1.5 system-ui, "DejaVu Sans", sans-serif; }
h1 { font-size: 26px; margin: 0 0 4px; } h2 { font-size: 21px; margin: 44px 0 2px; }
h3 { font-size: 15px; margin: 22px 0 6px; }
p { margin: 4px 0; } .facts { color: #4a5868; }
svg { display: block; width: 100%; height: auto; }
svg text { font: 12px system-ui, "DejaVu Sans", sans-serif; fill: #3a4654; }
table { border-collapse: collapse; margin: 10px 0; width: 100%; }
th, td { padding: 4px 10px; text-align: right; border-bottom: 1px solid #e2e7ee; }
th { font-weight: 600; color: #4a5868; } th:first-child, td:first-child { text-align: left; }
.legend { list-style: none; margin: 8px 0 0; padding: 0; display: flex; flex-wrap: wrap;
  gap: 4px 20px; font-size: 13px; }
.legend span { display: inline-block; width: 12px; height: 12px; margin-right: 6px;
  border-radius: 2px; }
`;

const percent = (share: number) => `${(share * 100).toFixed(1)} %`;
const number = (value: number) => value.toLocaleString('en-US');

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (name: string, cells: readonly string[]) =>
    element('tr', {}, cells.map((cell) => element(name, {}, escapeText(cell))).join(''));
  return element('table', {}, [line('th', head), ...rows.map((row) => line('td', row))].join(''));
}

function anchor(index: number): string {
  return `model-${index + 1}`;
}

function overview(models: readonly AnalysedModel[], { region }: PlanFile): string {
  const head = ['model', 'file', 'peak', 'mapped', 'quota', 'chunk', 'utilisation'];
  const rows = models.map((model) => {
    const { pool, peak_bytes } = model.analysis;
    return [
      titleOf(model),
      size(model.fileBytes),
      size(peak_bytes),
      size(pool.mapped_bytes),
      size(pool.quota_bytes),
      `${pool.chunk_bytes / 1024} KiB`,
      percent(peak_bytes / pool.mapped_bytes),
    ];
  });
  const words =
    `Region to ask for: ${size(region.capacity_bytes)}: models ${size(region.models_bytes)}, ` +
    `runtime ${size(region.runtime_bytes)}, frames ${size(region.frames_bytes)}, ` +
    `${Math.round(region.reserve * 100)} % reserve.`;
  return table(head, rows) + element('p', {}, escapeText(words));
}

function phaseTable({ analysis }: AnalysedModel): string {
  const head = ['phase', 'allocations', 'frees', 'bytes', 'largest', 'kept', 'live at most'];
  const rows = analysis.phases.map((phase) => [
    phase.phase,
    number(phase.allocations),
    number(phase.frees),
    size(phase.bytes),
    size(phase.largest_bytes),
    number(phase.kept),
    size(phase.peak_bytes),
  ]);
  return table(head, rows);
}

function section(model: AnalysedModel, index: number): string {
  const { analysis, threads } = model;
  const facts =
    `${size(model.fileBytes)}, ${threads} thread${threads === 1 ? '' : 's'}, ${model.runsOn}; ` +
    `peak ${size(analysis.peak_bytes)}, steady ${size(analysis.steady_bytes)}, ` +
    `${number(analysis.allocations)} allocations. SHA-256 ${model.sha256.slice(0, 16)}…`;
  const { pool } = analysis;
  const advice = `Pool: ${size(pool.mapped_bytes)} mapped, quota ${size(pool.quota_bytes)}. ${pool.why}.`;
  const title = (words: string) => element('h3', {}, words);
  return element(
    'section',
    { id: anchor(index) },
    [
      element('h2', {}, escapeText(titleOf(model))),
      element('p', { class: 'facts' }, escapeText(facts)),
      element('p', { class: 'facts' }, escapeText(advice)),
      title('Live bytes'),
      timeline(model),
      title('The pool at its peak'),
      poolMap(model),
      legend(model),
      title('Requests by size'),
      sizeHistogram(analysis.histogram),
      phaseTable(model),
    ].join('\n'),
  );
}

/** One page that needs nothing else: no script, no font, no picture from outside. */
export function analysisPage(models: readonly AnalysedModel[], plan: PlanFile): string {
  const links = models.map((model, index) =>
    element('a', { href: `#${anchor(index)}` }, escapeText(titleOf(model))),
  );
  const body = [
    element('h1', {}, 'How these models use memory'),
    element('p', {}, links.join(' · ')),
    overview(models, plan),
    ...models.map(section),
  ];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>edgepool: how these models use memory</title>
<style>${STYLE}</style>
</head>
<body>
${body.join('\n')}
</body>
</html>
`;
}
