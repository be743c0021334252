/** The live pictures, each with what the models saw on that very frame drawn over it. */
import { colourOf } from './memory.js';

const PERIOD_MS = 220;
/** A picture waits so long for its results; then it is shown with those that have come. */
const PATIENCE_MS = 1000;
const MOST_WAITING = 8;
/** Frames whose results are kept. */
const MOST_KEPT = 64;
const $ = (id) => document.getElementById(id);

/** By source. */
const views = new Map();
let forbidden = false;

export function hear(result) {
  const view = views.get(result.source);
  if (view === undefined) return;
  const { results, shown } = view;
  if (!results.has(result.number)) results.set(result.number, new Map());
  results.get(result.number).set(result.model, result);
  if (results.size > MOST_KEPT) results.delete(results.keys().next().value);
  if (result.number === shown?.number) draw(view);
  else settle(view);
}

/** The program may have started anew, and its frames be counted from 1. */
export function forget() {
  for (const { results } of views.values()) results.clear();
}

export function showSources(sources) {
  showKept(sources);
  for (const { name } of sources) {
    if (!views.has(name)) views.set(name, viewOf(name));
  }
}

/** What stays of the frames, so that nobody is filmed without knowing. */
function keptOf({ name, recording, snapshots }) {
  const lines = [];
  if (recording?.state === 'on')
    lines.push(`${name} is being recorded: ${recording.frames} frames`);
  if (snapshots > 0) lines.push(`Snapshots taken of ${name}: ${snapshots}`);
  return lines;
}

function showKept(sources) {
  const items = sources.flatMap(keptOf).map((text) => {
    const item = document.createElement('li');
    item.textContent = text;
    return item;
  });
  $('kept').replaceChildren(...items);
}

function viewOf(name) {
  const figure = document.createElement('figure');
  const canvas = document.createElement('canvas');
  canvas.setAttribute('role', 'img');
  canvas.setAttribute('aria-label', `What ${name} sees`);
  const caption = document.createElement('figcaption');
  figure.append(canvas, caption);
  $('pictures').append(figure);
  const view = { name, canvas, caption, results: new Map(), waiting: [], shown: null };
  look(view).catch(() => undefined);
  return view;
}

async function look(view) {
  while (!forbidden) {
    if (document.visibilityState === 'visible') await fetchOnce(view).catch(() => undefined);
    settle(view);
    tellAge(view);
    await new Promise((resolve) => setTimeout(resolve, PERIOD_MS));
  }
  $('live').hidden = true;
}

async function fetchOnce({ name, waiting, shown }) {
  const response = await fetch(`/api/picture/${encodeURIComponent(name)}`);
  forbidden ||= response.status === 403;
  if (response.status !== 200) return;
  const [number, due, age] = ['Frame-Number', 'Frame-Results', 'Frame-Age-Ms'].map((header) =>
    Number(response.headers.get(header)),
  );
  const now = performance.now();
  if (number === (waiting.at(-1) ?? shown)?.number) return;
  const bitmap = await createImageBitmap(await response.blob());
  waiting.push({ number, due, bitmap, capturedAt: now - age, since: now });
  if (waiting.length > MOST_WAITING) waiting.shift().bitmap.close();
}

/** Shows the newest picture whose results have come, or that has waited for them long enough. */
function settle(view) {
  const { waiting, results } = view;
  const now = performance.now();
  const ready = waiting.findLastIndex(
    ({ number, due, since }) =>
      (results.get(number)?.size ?? 0) >= due || now - since > PATIENCE_MS,
  );
  if (ready < 0) return;
  const passed = waiting.splice(0, ready + 1);
  const next = passed.pop();
  for (const { bitmap } of passed) bitmap.close();
  view.shown?.bitmap.close();
  view.shown = next;
  $('live').hidden = false;
  draw(view);
  tellAge(view);
}

function tellAge({ name, caption, shown }) {
  if (shown === null) return;
  const age = Math.round(performance.now() - shown.capturedAt);
  caption.textContent = `${name}, frame ${shown.number}, ${age} ms ago`;
}

function draw({ canvas, results, shown }) {
  const { bitmap, number } = shown;
  canvas.style.aspectRatio = `${bitmap.width} / ${bitmap.height}`;
  const ratio = window.devicePixelRatio || 1;
  const { clientWidth: width, clientHeight: height } = canvas;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  const context = canvas.getContext('2d');
  context.scale(ratio, ratio);
  context.drawImage(bitmap, 0, 0, width, height);
  context.font = '13px system-ui, sans-serif';
  let line = 0;
  for (const [model, result] of results.get(number) ?? []) {
    const colour = colourOf(model);
    for (const { label, score, box } of [...(result.detections ?? []), ...(result.mask ?? [])]) {
      frameBox(context, box, { width, height, colour });
      const share = score === undefined ? '' : ` ${score.toFixed(2)}`;
      write(context, `${label}${share}`, box.x * width, box.y * height - 4, colour);
    }
    for (const { x, y } of result.keypoints ?? []) {
      context.fillStyle = colour;
      context.fillRect(x * width - 2, y * height - 2, 5, 5);
    }
    const [best] = result.top ?? [];
    if (best === undefined || result.detections !== undefined) continue;
    line += 1;
    write(context, `${model}: ${best.label} ${best.score.toFixed(2)}`, 6, 18 * line, colour);
  }
}

function frameBox(context, box, { width, height, colour }) {
  context.strokeStyle = colour;
  context.lineWidth = 2;
  context.strokeRect(box.x * width, box.y * height, box.width * width, box.height * height);
}

function write(context, words, x, y, colour) {
  const top = Math.max(y, 12);
  context.fillStyle = '#000000a0';
  context.fillRect(x - 2, top - 12, context.measureText(words).width + 4, 16);
  context.fillStyle = colour;
  context.fillText(words, x, top);
}
