/** The page: what the program sends, drawn. */
import { showBoard } from './board.js';
import { chooseModels, readOnce } from './changes.js';
import { colourOf, drawPool, drawRegion, FREE, LENT, LENT_OWNER } from './memory.js';
import { forget, hear, showSources } from './picture.js';
import { showLent, showPlaces, whereIs } from './places.js';

const KEPT_POINTS = 600;
const $ = (id) => document.getElementById(id);
const mib = (bytes) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
const percent = (share) => `${(share * 100).toFixed(1)} %`;
const ms = (value) => `${value.toFixed(1)} ms`;

// ── Plots ──

const times = [];
const series = { fps: [], latency: [] };

const clock = (_plot, seconds) =>
  seconds.map((second) => new Date(second * 1000).toTimeString().slice(0, 8));

function plot(id, key, title, colour) {
  const place = $(id);
  const options = {
    title,
    width: place.clientWidth,
    height: 160,
    legend: { show: false },
    cursor: { show: false },
    scales: {
      x: { time: true },
      y: { range: (_u, low, high) => [Math.min(0, low), high * 1.15 || 1] },
    },
    axes: [
      { stroke: '#8d9bab', grid: { stroke: '#2b3643' }, space: 70, values: clock },
      { stroke: '#8d9bab', grid: { stroke: '#2b3643' }, size: 54 },
    ],
    series: [{}, { stroke: colour, width: 2 }],
  };
  const made = new uPlot(options, [times, series[key]], place);
  window.addEventListener('resize', () => made.setSize({ width: place.clientWidth, height: 160 }));
  return () => made.setData([times, series[key]]);
}

const plots = [
  plot('plot-fps', 'fps', 'frames a second', '#7ee0a1'),
  plot('plot-latency', 'latency', 'latency p99, ms', '#ffb454'),
];

/** Frames a second of the last stretch, from the counts. */
let before = null;
function rateOf({ frames, at_ms: at }) {
  const { completed, fps } = frames;
  const rate = before === null ? fps : ((completed - before.completed) * 1000) / (at - before.at);
  before = { at, completed };
  // After a fresh start of the program counts begin anew.
  return rate >= 0 && rate < Number.POSITIVE_INFINITY ? rate : fps;
}

// ── Figures ──

function showState(state) {
  const { frames, models, region, mqtt, steady_state: steady } = state;
  const rate = rateOf(state);
  times.push(Date.now() / 1000);
  series.fps.push(rate);
  series.latency.push(state.frame_latency_ms?.p99 ?? null);
  for (const list of [times, series.fps, series.latency]) {
    if (list.length > KEPT_POINTS) list.shift();
  }
  for (const draw of plots) draw();
  $('fps').textContent = frames.fps.toFixed(1);
  $('hits').textContent = percent(state.deadline_hit_ratio ?? 0);
  $('latency').textContent = state.frame_latency_ms ? ms(state.frame_latency_ms.p99) : '–';
  $('faults').textContent = String(steady.minor_faults);
  $('region').textContent = `${mib(region.mapped_bytes)} of ${mib(region.capacity_bytes)}`;
  $('region-size').textContent = region.locked ? 'locked in memory' : 'not locked';
  showBroker(mqtt);
  showModels(models);
  showParking(state.parking, region.capacity_bytes);
  showSources(state.sources);
  showBoard(state.board);
}

function showBroker({ connected, refused, waiting, published }) {
  const never = refused === null && published === 0 && waiting === 0;
  $('mqtt').textContent = connected ? `${published} sent` : never ? '–' : 'away';
  const alarm = $('broker');
  alarm.hidden = connected || never;
  alarm.textContent =
    refused === null
      ? `The broker is away; ${waiting} messages wait for it.`
      : `The broker does not let this device in: ${refused}`;
}

function showModels(models) {
  const rows = models.map(({ name, top, invoke_ms: invoke, latency_ms: latency, delegate }) => {
    const row = document.createElement('div');
    row.className = 'model';
    const says = top === null || top === undefined ? '–' : `${top.label} ${top.score.toFixed(2)}`;
    for (const text of [name, says, `${ms(invoke.p50)} a run`, `${ms(latency.p99)} p99`]) {
      const cell = document.createElement('span');
      cell.textContent = text;
      row.append(cell);
    }
    row.title = delegate;
    return row;
  });
  $('models').replaceChildren(...rows);
  chooseModels(models.map(({ name }) => name));
}

// ── Memory ──

let memory = null;
let parking = { places: [], models: [], capacity: 0 };
let lending = null;

/** Drawn again only where something was moved. */
function showParking({ lending: lent, ...now }, capacity) {
  if (JSON.stringify(lent) !== JSON.stringify(lending)) showLent($('lent'), lent);
  lending = lent;
  const next = { ...now, capacity };
  if (JSON.stringify(next) === JSON.stringify(parking)) return;
  parking = next;
  showMemory();
}

function showMemory() {
  if (memory === null) return;
  const where = new Map(parking.models.map((model) => [model.model, whereIs(model)]));
  const parked = new Set([...where.keys()].filter((name) => where.get(name) !== ''));
  drawRegion($('map'), memory, parked);
  const pools = memory.pools.map(({ name }) => [name, colourOf(name), where.get(name)]);
  const lends = memory.chunks.some(([owner]) => owner === LENT_OWNER);
  const rest = [...(lends ? [['lent', LENT]] : []), ['free', FREE]];
  $('legend').replaceChildren(...[...pools, ...rest].map(legendItem));
  showPlaces($('places'), parking, parking.capacity);
  const strips = memory.pools.filter(({ blocks }) => blocks.length > 0);
  $('pools').replaceChildren(...strips.map(stripOf));
  strips.forEach((pool, index) => {
    drawPool($('pools').children[index].querySelector('canvas'), pool);
  });
}

function legendItem([name, colour, where = '']) {
  const item = document.createElement('li');
  const swatch = document.createElement('span');
  swatch.classList.add('swatch');
  swatch.classList.toggle('hollow', where !== '');
  swatch.classList.toggle('half', colour === LENT);
  swatch.style.color = colour;
  item.append(swatch, where === '' ? name : `${name}, ${where}`);
  return item;
}

function stripOf({ name, blocks }) {
  const strip = document.createElement('div');
  strip.className = 'pool';
  const line = document.createElement('p');
  const title = document.createElement('span');
  title.textContent = name;
  const used = blocks.filter((bytes) => bytes > 0);
  const free = blocks.filter((bytes) => bytes < 0);
  const sum = (list) => list.reduce((total, bytes) => total + Math.abs(bytes), 0);
  const figures = document.createElement('span');
  figures.textContent = `${used.length} blocks, ${mib(sum(used))}; free ${mib(sum(free))} in ${free.length}`;
  line.append(title, figures);
  const canvas = document.createElement('canvas');
  canvas.setAttribute('role', 'img');
  canvas.setAttribute('aria-label', `Used and free blocks of ${name}`);
  strip.append(line, canvas);
  return strip;
}

window.addEventListener('resize', () => {
  showMemory();
  showLent($('lent'), lending);
});

// ── Live ──

const live = new EventSource('/api/live');
live.addEventListener('open', () => {
  $('lost').hidden = true;
  forget();
  readOnce().catch(() => undefined);
});
live.addEventListener('error', () => {
  $('lost').hidden = false;
});
live.addEventListener('state', ({ data }) => showState(JSON.parse(data)));
live.addEventListener('result', ({ data }) => hear(JSON.parse(data)));
live.addEventListener('memory', ({ data }) => {
  memory = JSON.parse(data);
  showMemory();
});
