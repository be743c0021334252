/** Where models wait that are parked: what the map's legend says of each, and a strip a place. */
import { colourOf, drawBlocks, FREE } from './memory.js';

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

function stripOf({ place, held_bytes: held, bound_bytes: bound, ...counts }) {
  const strip = document.createElement('div');
  strip.className = 'pool';
  strip.dataset.place = place;
  const line = document.createElement('p');
  const title = document.createElement('span');
  title.textContent = `${place}: ${mib(held)}${bound === null ? '' : ` of ${mib(bound)}`}`;
  const figures = document.createElement('span');
  figures.textContent = moved(counts);
  line.append(title, figures);
  const canvas = document.createElement('canvas');
  canvas.setAttribute('role', 'img');
  canvas.setAttribute('aria-label', `Models that wait, place ${place}`);
  strip.append(line, canvas);
  return strip;
}

/** Every place outside of the region, and the region where models wait in it. */
export function showPlaces(element, { places, models }, capacity) {
  const shown = places.filter(({ place, models: waiting }) => place !== 'memory' || waiting > 0);
  element.replaceChildren(...shown.map(stripOf));
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
