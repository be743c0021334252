/** What the machine tells about itself; what it does not tell is not shown. */
const $ = (id) => document.getElementById(id);
const gib = ({ free_bytes: free, size_bytes: size }) =>
  `${(free / 2 ** 30).toFixed(1)} of ${(size / 2 ** 30).toFixed(1)} GiB`;
const WORDS = {
  under_voltage: 'the supply is too weak',
  frequency_capped: 'the clock is capped',
  throttled: 'the processor is slowed down',
  soft_temperature_limit: 'it is too warm for the full clock',
};

function figures({ temperature_celsius: celsius, clock_hz: hertz, load_average, ...rest }) {
  const { system } = rest.memory_pressure;
  const { state, root } = rest.space;
  const rows = [
    ['temperature', celsius, (value) => `${value.toFixed(1)} °C`],
    ['clock', hertz, (value) => `${Math.round(value / 1e6)} MHz`],
    ['load', load_average, (value) => value.toFixed(2)],
    ['memory pressure', system, ({ some_ratio: some }) => `${(some * 100).toFixed(1)} %`],
    ['free', state, gib],
    ['free, system', root, gib],
  ];
  return rows
    .filter(([, value]) => value !== null)
    .map(([name, value, text]) => [name, text(value)]);
}

function warning(throttling) {
  const conditions = Object.entries(throttling ?? {});
  const named = (when) =>
    conditions.filter(([, state]) => state[when]).map(([name]) => WORDS[name] ?? name);
  if (named('now').length > 0) return `Now ${named('now').join(', ')}.`;
  if (named('since_start').length > 0)
    return `Not now, but since the start: ${named('since_start').join(', ')}.`;
  return null;
}

export function showBoard(board) {
  const rows = figures(board);
  $('board').hidden = rows.length === 0;
  const entries = rows.map(([name, text]) => {
    const entry = document.createElement('div');
    const title = document.createElement('dt');
    const value = document.createElement('dd');
    title.textContent = name;
    value.textContent = text;
    entry.append(title, value);
    return entry;
  });
  $('board')
    .querySelector('dl')
    .replaceChildren(...entries);
  const text = warning(board.throttling);
  $('throttling').hidden = text === null;
  $('throttling').textContent = text ?? '';
}
