import type { BoardSnapshot } from '../../stats/snapshot.ts';
import { type BoardSummary, boardSummary } from '../summary.ts';

/** An entity of the machine itself, without what all entities have. */
export interface BoardEntity {
  platform: 'sensor' | 'binary_sensor';
  fields: Readonly<Record<string, string | number>> & { readonly name: string };
}

type Key = keyof BoardSummary;

function figure(key: Key, name: string, template: string, unit: string, more: object): BoardEntity {
  return {
    platform: 'sensor',
    fields: {
      name,
      value_template: template.replace('VALUE', `value_json.board.${key}`),
      unit_of_measurement: unit,
      state_class: 'measurement',
      entity_category: 'diagnostic',
      ...more,
    },
  };
}

function space(key: Key, name: string): BoardEntity {
  const more = { device_class: 'data_size', suggested_display_precision: 0 };
  return figure(key, name, '{{ (VALUE / 1048576) | round(0) }}', 'MiB', more);
}

function problem(key: Key, name: string): BoardEntity {
  return {
    platform: 'binary_sensor',
    fields: {
      name,
      value_template: `{{ 'ON' if value_json.board.${key} else 'OFF' }}`,
      device_class: 'problem',
      entity_category: 'diagnostic',
    },
  };
}

const ENTITIES: Readonly<Record<Key, BoardEntity>> = {
  temperature_celsius: figure('temperature_celsius', 'Temperature', '{{ VALUE }}', '°C', {
    device_class: 'temperature',
    suggested_display_precision: 1,
  }),
  clock_hz: figure('clock_hz', 'Processor clock', '{{ (VALUE / 1000000) | round(0) }}', 'MHz', {
    device_class: 'frequency',
    suggested_display_precision: 0,
  }),
  under_voltage: problem('under_voltage', 'Under-voltage'),
  throttled: problem('throttled', 'Throttled'),
  memory_pressure_ratio: figure(
    'memory_pressure_ratio',
    'Memory pressure',
    '{{ (VALUE * 100) | round(2) }}',
    '%',
    { suggested_display_precision: 1 },
  ),
  state_free_bytes: space('state_free_bytes', 'Free space'),
  root_free_bytes: space('root_free_bytes', 'Free space of the system'),
};

/** The entities of what this machine tells, by keys that stay the same. */
export function boardEntities(board: BoardSnapshot): [string, BoardEntity][] {
  const summary = boardSummary(board);
  return (Object.keys(ENTITIES) as Key[])
    .filter((key) => summary[key] !== null)
    .map((key) => [`board_${key}`, ENTITIES[key]]);
}
