import { lendSchema } from './lend-schema.ts';
import { neighbourSchema } from './neighbour-schema.ts';

/** Where models wait that are parked. */
export const parkingSchema = {
  type: 'object',
  additionalProperties: false,
  default: {},
  description:
    'Models that are parked keep their memory, or give some or all of it to others and wait elsewhere.',
  properties: {
    memory_mb: {
      type: ['number', 'null'],
      minimum: 0,
      default: null,
      description:
        'What parked models may hold of the region together, in MiB. null: all of it. What others ' +
        'need of it they get: the region then packs those that are parked longest.',
    },
    disk_mb: {
      type: 'number',
      minimum: 0,
      default: 0,
      description:
        'What parked models may hold of the disk together, in MiB, in the folder `parked` of the ' +
        "program's state: sealed, and of no use to anybody once the program has ended. 0: the " +
        'place disk is off. Memory cards wear.',
    },
    neighbour: neighbourSchema,
    lend: lendSchema,
    compress: {
      type: 'string',
      enum: ['none', 'lz4', 'zstd'],
      default: 'none',
      description:
        'What packed models, and so all that waits on the disk or at a neighbour, are compressed ' +
        'with. zstd saves more and takes longer, there and back. The library, liblz4.so.1 or ' +
        "libzstd.so.1, is the system's.",
    },
    patience_ms: {
      type: 'number',
      minimum: 0,
      maximum: 60000,
      default: 1000,
      description: 'How long a model may take until it is idle. One that is not is not parked.',
    },
  },
} as const;
