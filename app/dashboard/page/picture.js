/** The live pictures, with what the models see drawn over them. */
import { colourOf } from './memory.js';

const PERIOD_MS = 220;
/** A result is drawn for so long. */
const FRESH_MS = 3000;
const $ = (id) => document.getElementById(id);

/** By source: its figure, and the last result of each model with when it came. */
const views = new Map();
let forbidden = false;

export function hear(result) {
  views.get(result.source)?.results.set(result.model, { result, at: performance.now() });
}

export function showSources(sources) {
  for (const { name } of sources) {
    if (!views.has(name)) views.set(name, viewOf(name));
  }
}

function viewOf(name) {
  const figure = document.createElement('figure');
  const image = document.createElement('img');
  image.alt = `What ${name} sees`;
  const canvas = document.createElement('canvas');
  figure.append(image, canvas);
  $('pictures').append(figure);
  const view = { results: new Map(), image, canvas };
  look(name, view).catch(() => undefined);
  return view;
}

async function look(name, view) {
  while (!forbidden) {
    if (document.visibilityState === 'visible') await fetchOnce(name, view).catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, PERIOD_MS));
  }
  $('live').hidden = true;
}

async function fetchOnce(name, { image, canvas, results }) {
  const response = await fetch(`/api/picture/${encodeURIComponent(name)}`);
  forbidden ||= response.status === 403;
  if (response.status !== 200) return;
  const address = URL.createObjectURL(await response.blob());
  const before = image.src;
  image.src = address;
  await image.decode();
  if (before.startsWith('blob:')) URL.revokeObjectURL(before);
  $('live').hidden = false;
  draw(canvas, results);
}

function draw(canvas, results) {
  const ratio = window.devicePixelRatio || 1;
  const { clientWidth: width, clientHeight: height } = canvas;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  const context = canvas.getContext('2d');
  context.scale(ratio, ratio);
  context.font = '13px system-ui, sans-serif';
  let line = 0;
  for (const [model, { result, at }] of results) {
    if (performance.now() - at > FRESH_MS) continue;
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
