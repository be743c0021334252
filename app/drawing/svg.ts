/** Text for SVG and HTML. */
export function escapeText(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

type Attributes = Readonly<Record<string, string | number>>;

/** Numbers of at most two decimals: a page has thousands. */
function value(of: string | number): string {
  return typeof of === 'number' ? String(Math.round(of * 100) / 100) : escapeText(of);
}

export function element(name: string, attributes: Attributes, content = ''): string {
  const pairs = Object.entries(attributes).map(([key, of]) => ` ${key}="${value(of)}"`);
  return `<${name}${pairs.join('')}>${content}</${name}>`;
}

export function text(x: number, y: number, content: string, attributes: Attributes = {}): string {
  return element('text', { x, y, ...attributes }, escapeText(content));
}

/** A box with a text that shows when a pointer rests on it. */
export function box(
  place: { x: number; y: number; width: number; height: number },
  fill: string,
  hint = '',
): string {
  const title = hint === '' ? '' : element('title', {}, escapeText(hint));
  return element('rect', { ...place, fill }, title);
}

export function picture(width: number, height: number, label: string, content: string): string {
  const attributes = { viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': label };
  return element('svg', attributes, content);
}

/** At most five round marks from 0 to at most `most`. */
export function marks(most: number, round: number): number[] {
  if (most <= 0) return [0];
  let step = round;
  while (most / step > 5) step *= most / step > 10 ? 5 : 2;
  while (most / step < 2) step /= 2;
  return Array.from({ length: Math.floor(most / step) + 1 }, (_, index) => index * step);
}
