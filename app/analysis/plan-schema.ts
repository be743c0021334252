/**
 * The format of a plan, as `edgepool analyze --plan` writes it and `edgepool run --plan` reads it.
 * `docs/plan.schema.json` is made from this by `scripts/write-docs.ts`.
 */
const bytes = (description: string) => ({ type: 'integer', minimum: 0, description }) as const;
const sha256 = (of: string) =>
  ({ type: 'string', pattern: '^[0-9a-f]{64}$', description: `SHA-256 of ${of}.` }) as const;
const share = (description: string) =>
  ({ type: 'number', minimum: 0, maximum: 1, description }) as const;

const chunkSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['chunk_bytes', 'mapped_bytes', 'quota_bytes', 'waste_bytes', 'utilisation'],
  properties: {
    chunk_bytes: bytes('The unit in which the pool takes memory.'),
    mapped_bytes: bytes('The least in which the model was seen to load and run.'),
    quota_bytes: bytes('The peak and 20 %, or more where the model needs it.'),
    waste_bytes: bytes('Mapped and never used: mapped_bytes less the peak.'),
    utilisation: share('The peak over mapped_bytes.'),
  },
} as const;

const modelSchema = {
  type: 'object',
  additionalProperties: false,
  required: [
    'file',
    'sha256',
    'file_bytes',
    'threads',
    'delegate',
    'runs_on',
    'peak_bytes',
    'steady_bytes',
    'allocations',
    'histogram',
    'chunks',
    'pool',
  ],
  properties: {
    file: { type: 'string', minLength: 1, description: 'Its name, without the folder.' },
    sha256: sha256('the file'),
    file_bytes: bytes('Its size.'),
    threads: { type: 'integer', minimum: 1, maximum: 64, description: 'Of the runtime.' },
    delegate: { type: 'string', enum: ['auto', 'none', 'xnnpack'], description: 'As configured.' },
    runs_on: { type: 'string', description: 'The delegate that the model got.' },
    peak_bytes: bytes('Most that was live at any time of load and runs, headers included.'),
    steady_bytes: bytes('Live between runs.'),
    allocations: { type: 'integer', minimum: 0, description: 'Of the load and five more runs.' },
    histogram: {
      type: 'array',
      description: 'Sizes of all requests, in classes of powers of two.',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['up_to_bytes', 'count', 'bytes'],
        properties: {
          up_to_bytes: bytes('The largest size of the class.'),
          count: { type: 'integer', minimum: 0, description: 'Requests.' },
          bytes: bytes('Their sum.'),
        },
      },
    },
    chunks: { type: 'array', items: chunkSchema, description: 'Every chunk that was tried.' },
    pool: {
      type: 'object',
      additionalProperties: false,
      required: ['chunk_bytes', 'mapped_bytes', 'quota_bytes', 'why', 'ends'],
      description: 'What the loader makes.',
      properties: {
        chunk_bytes: {
          type: 'integer',
          minimum: 16384,
          maximum: 32768,
          multipleOf: 16384,
          description: 'The chunk taken.',
        },
        mapped_bytes: bytes('Mapped before the load begins.'),
        quota_bytes: bytes('What the pool may map at most.'),
        why: { type: 'string', description: 'Why this chunk.' },
        ends: {
          type: 'string',
          pattern: '^([0-9a-f]{2})*$',
          description:
            'A bit for each allocation of the load, bit 0 of the first byte first: 0 where the block stays ' +
            'or makes way for one that does, at the low end of the pool; 1 at the high end.',
        },
      },
    },
  },
} as const;

export const planSchema = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  title: 'edgepool plan',
  type: 'object',
  additionalProperties: false,
  required: ['version', 'runtime', 'models', 'region'],
  properties: {
    version: { type: 'integer', const: 1, description: 'Of this format.' },
    runtime: {
      type: 'object',
      additionalProperties: false,
      required: ['sha256', 'machine'],
      description: 'What the models were tried with; with another one they need other pools.',
      properties: {
        sha256: sha256('the TensorFlow Lite library'),
        machine: { type: 'string', description: "Node's name of the processor: x64, arm64." },
      },
    },
    models: { type: 'array', minItems: 1, items: modelSchema, description: 'One pool each.' },
    region: {
      type: 'object',
      additionalProperties: false,
      required: ['reserve', 'runtime_bytes', 'frames_bytes', 'models_bytes', 'capacity_bytes'],
      description: 'What all of them need together.',
      properties: {
        reserve: { ...share('Stays unassigned.'), minimum: 0.3, maximum: 0.5 },
        runtime_bytes: bytes('Quota of the pool "runtime".'),
        frames_bytes: bytes('Quota of the pool "frames", with the source that is configured.'),
        models_bytes: bytes("Sum of the models' quotas."),
        capacity_bytes: bytes('The region to ask for.'),
      },
    },
  },
} as const;
