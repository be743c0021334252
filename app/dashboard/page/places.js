/** Where models wait that are parked: what the map's legend says of each, and a strip a place; and
 *  what is lent, a strip too. */
import { colourOf, drawBlocks, FREE, LENT } from './memory.js';

const mib = (bytes) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
const AT = { memory: 'in the region', disk: 'on disk', neighbour: 'at the neighbour' };

/** In few words; empty where a model is resident. */
export function whereIs({ state, place }) {
  if (state === 'resident') return '';
  if (state === 'restoring') return `restoring, ${AT[place]}`;
  if (state === 'parked') return 'parked, whole';
  if (state === 'packed') return 'parked, packed';
  return `parked ${AT[place]}`;
}

function moved({ restores, lost, failures, restore_ms_per_mib: back }) {
  const counts = [`${restores} came back`];
  if (lost > 0) counts.push(`${lost} lost`);
  if (failures > 0) counts.push(`${failures} not taken`);
  if (back !== null) counts.push(`${back.toFixed(1)} ms a MiB`);
  return counts.join(', ');
}

/** A line of two parts over a picture, which `label` names. */
function stripOf(name, figures, label) {
  const strip = document.createElement('div');
  strip.className = 'pool';
  const line = document.createElement('p');
  for (const text of [name, figures]) {
    const part = document.createElement('span');
    part.textContent = text;
    line.append(part);
  }
  const canvas = document.createElement('canvas');
  canvas.setAttribute('role', 'img');
  canvas.setAttribute('aria-label', label);
  strip.append(line, canvas);
  return strip;
}

function placeStrip({ place, held_bytes: held, live_bytes: live, bound_bytes: bound, ...counts }) {
  const compressed = live > held ? `, compressed from ${mib(live)}` : '';
  const name = `${place}: ${mib(held)}${bound === null ? '' : ` of ${mib(bound)}`}${compressed}`;
  const strip = stripOf(name, moved(counts), `Models that wait, place ${place}`);
  strip.dataset.place = place;
  return strip;
}

/** Every place outside of the region, and the region where models wait in it. */
export function showPlaces(element, { places, models }, capacity) {
  const shown = places.filter(({ place, models: waiting }) => place !== 'memory' || waiting > 0);
  element.replaceChildren(...shown.map(placeStrip));
  shown.forEach(({ place, bound_bytes: bound }, index) => {
    const waiting = models.filter((model) => model.place === place);
    const blocks = waiting.map((model) => ({
      bytes: model.packed_bytes,
      colour: colourOf(model.model),
    }));
    const taken = blocks.reduce((sum, { bytes }) => sum + bytes, 0);
    const free = Math.max(0, (bound ?? capacity) - taken);
    drawBlocks(element.children[index].querySelector('canvas'), [
      ...blocks,
      { bytes: free, colour: FREE },
    ]);
  });
}

function lentWords({ server_used_bytes: used, server_limit_bytes: limit, ...counts }) {
  const { extents_lent: went, extents_taken_back: back, failures } = counts;
  const holds =
    used === null || limit === null
      ? 'the server does not answer'
      : `the server holds ${mib(used)} of ${mib(limit)}`;
  const words = [holds, `${went} extents went, ${back} came back`];
  if (failures > 0) words.push(`${failures} failed`);
  return words.join(', ');
}

/** What of the region is lent, of what may be; nothing where nothing may. */
export function showLent(element, lending) {
  if (lending === null) {
    element.replaceChildren();
    return;
  }
  const { lent_bytes: lent, bound_bytes: bound } = lending;
  const name = `lent: ${mib(lent)} of ${mib(bound)}`;
  element.replaceChildren(stripOf(name, lentWords(lending), 'Memory that is lent'));
  drawBlocks(element.querySelector('canvas'), [
    { bytes: lent, colour: LENT },
    { bytes: Math.max(0, bound - lent), colour: FREE },
  ]);
}
