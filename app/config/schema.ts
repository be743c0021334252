/**
 * The one description of every setting: the types, the defaults, the validation, the environment's
 * names and `docs/configuration.md` all come from here.
 *
 * Five keywords are our own:
 *   computed  a default that depends on the machine or on another setting, in words (`derive.ts`)
 *   expects   what a pattern or format asks for, in words
 *   lengths   how many entries a list may have
 *   secret    its value stands in no message
 *   path      a relative one in a configuration file starts from that file's folder
 */
import { answerSchema } from './answer-schema.ts';
import { controlSchema } from './control-schema.ts';
import { dashboardSchema } from './dashboard-schema.ts';
import { mqttSchema } from './mqtt-schema.ts';
import { parkingSchema } from './parking-schema.ts';
import { recordSchema } from './record-schema.ts';
import { recoverySchema } from './recovery-schema.ts';
import { snapshotsSchema } from './snapshots-schema.ts';
import { sourceSchema } from './source-schema.ts';

const name = {
  type: 'string',
  pattern: '^[^/+#\\s\\u0000]{1,63}$',
  expects: 'be 1 to 63 characters, without spaces, /, + and #',
} as const;

const channels = {
  type: ['array', 'null'],
  items: { type: 'number' },
  lengths: [1, 3],
} as const;

const modelSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['file'],
  properties: {
    name: {
      ...name,
      computed: "the file's name without its ending",
      description: 'Unique. Names the pool, the messages and the MQTT topic.',
    },
    file: { type: 'string', minLength: 1, path: true, description: 'The .tflite file.' },
    labels: {
      path: true,
      type: ['string', 'null'],
      default: null,
      description: 'A text file with one label a line. A class without one is `class N`.',
    },
    every: {
      type: 'integer',
      minimum: 1,
      maximum: 100000,
      default: 1,
      description: 'The model runs on every n-th frame.',
    },
    fps: {
      type: ['number', 'null'],
      exclusiveMinimum: 0,
      default: null,
      description: 'The model runs so many times a second instead. null: by `every`.',
    },
    sources: {
      type: ['array', 'null'],
      items: { type: 'string' },
      default: null,
      description: 'The names of the sources whose frames it gets. null: every source.',
    },
    keep: {
      type: 'string',
      enum: ['resident', 'warm', 'cold'],
      default: 'resident',
      description:
        'Whether it keeps its memory between its turns. resident: always. warm: until others need ' +
        'it, and is brought back ahead of its next turn. cold: only while a frame is there for it. ' +
        'Models may then need more together than the region has; they wait in a place outside of ' +
        'it, which `parking` must name.',
    },
    threads: {
      type: 'integer',
      minimum: 1,
      maximum: 64,
      default: 1,
      description: 'Threads the runtime may use for this model.',
    },
    deadline_ms: {
      type: ['number', 'null'],
      exclusiveMinimum: 0,
      default: null,
      description:
        "From capture to answer. null: the time until the model's next turn, with the camera as " +
        'fast as it is now.',
    },
    priority: {
      type: 'integer',
      minimum: -100,
      maximum: 100,
      default: 0,
      description:
        'A model with a higher one goes first; while those need all processors, this one waits.',
    },
    cpus: {
      type: ['array', 'null'],
      items: { type: 'integer', minimum: 0, maximum: 63 },
      default: null,
      description: 'Processors that its thread may run on. null: every one.',
    },
    realtime: {
      type: 'integer',
      minimum: 0,
      maximum: 99,
      default: 0,
      description:
        'Real-time priority of its thread (SCHED_FIFO). 0: an ordinary thread, which yields to ' +
        'those of models of a higher priority.',
    },
    mean: {
      ...channels,
      default: null,
      description:
        'One value, or one for each of red, green and blue: real = (pixel - mean) / std. ' +
        'null: automatic (float inputs 127.5; integer inputs take the pixels as they are).',
    },
    std: {
      ...channels,
      items: { type: 'number', not: { const: 0 } },
      default: null,
      description: 'As `mean`. No value may be 0.',
    },
    fit: {
      type: 'string',
      enum: ['stretch', 'crop', 'letterbox'],
      default: 'stretch',
      description: "How a frame is laid into the model's input of another shape.",
    },
    delegate: {
      type: 'string',
      enum: ['auto', 'none', 'xnnpack', 'external'],
      default: 'auto',
      description:
        'auto: XNNPACK with all the operators it takes, with fewer where it refuses the model, ' +
        'then without. external: that of `delegate_library`.',
    },
    delegate_library: {
      path: true,
      type: ['string', 'null'],
      default: null,
      description:
        "The library of a TensorFlow Lite external delegate, an NPU's for example. What it " +
        'allocates for the model lies in its pool, what threads of its own allocate is counted as ' +
        'foreign; memory that it maps itself is not seen.',
    },
    delegate_options: {
      type: 'array',
      items: { type: 'string' },
      default: [],
      description: 'For that delegate, `key=value` each.',
    },
    ...answerSchema,
  },
} as const;

export const schema = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  title: 'edgepool configuration',
  type: 'object',
  additionalProperties: false,
  properties: {
    version: {
      type: 'integer',
      const: 1,
      default: 1,
      description: 'Of this format.',
    },
    device: {
      ...name,
      computed: "`edgepool-` and six hexadecimal digits of the board's serial number or machine id",
      description: 'Names this device in MQTT topics.',
    },
    region: {
      type: 'object',
      additionalProperties: false,
      default: {},
      description: 'The one fixed block of memory that holds every pool.',
      properties: {
        capacity_mb: {
          type: 'number',
          minimum: 0,
          maximum: 1048576,
          default: 0,
          description: 'Its size in MiB. 0: what the pools need plus the reserve.',
        },
        reserve: {
          type: 'number',
          minimum: 0,
          maximum: 0.9,
          default: 0.3,
          description:
            'The share of it that stays unassigned where its size is automatic; 0.3 to 0.5 is ' +
            'sensible.',
        },
        lock: {
          type: 'string',
          enum: ['off', 'preferred', 'required'],
          default: 'preferred',
          description:
            'Whether it is locked in memory. preferred: goes on unlocked where the system ' +
            'forbids it, and says so once. required: does not start then.',
        },
        pages: {
          type: 'string',
          enum: ['auto', 'ordinary', 'hugetlb'],
          default: 'auto',
          description:
            'auto takes reserved huge pages if enough are free, else it has the kernel make huge ' +
            'pages where it can, which cost a little more time at start.',
        },
        chunk_kb: {
          type: 'integer',
          enum: [16, 32, 2048],
          default: 16,
          description: 'The unit in which pools take memory from it, in KiB.',
        },
        mapping_budget: {
          type: 'integer',
          minimum: 1,
          maximum: 65000,
          default: 4096,
          description: 'Memory mappings that all pools may hold together.',
        },
      },
    },
    runtime: {
      type: 'object',
      additionalProperties: false,
      default: {},
      description: 'The TensorFlow Lite runtime.',
      properties: {
        library: {
          path: true,
          type: ['string', 'null'],
          default: null,
          description:
            'A shared library that exports the TensorFlow Lite C API. null: the one inside the ' +
            'npm package.',
        },
        pools: {
          type: 'boolean',
          default: true,
          description:
            "false: models are loaded with the process's own allocator, as they are without " +
            'edgepool. To compare; everything that is said of pools does not hold then.',
        },
      },
    },
    source: { ...sourceSchema, default: {}, description: 'Where frames come from.' },
    sources: {
      type: 'object',
      additionalProperties: sourceSchema,
      propertyNames: name,
      default: {},
      description:
        'Several sources by their names, each with the settings of `source` and frames of its own. ' +
        'Empty: the one of `source`, with the name `camera`.',
    },
    fps: {
      type: 'number',
      minimum: 0.1,
      maximum: 240,
      default: 30,
      description: 'Frames a second that the source is asked for.',
    },
    models: {
      type: 'array',
      maxItems: 64,
      default: [],
      items: modelSchema,
      description: 'Which models run on the frames. Empty: the job that set-up made.',
    },
    plan: {
      path: true,
      type: ['string', 'null'],
      default: null,
      description:
        'A plan that `edgepool analyze --plan` has written. Each model gets the pool that it says; ' +
        'a plan for another file, runtime or number of threads is refused. null: a `plan.json` ' +
        'beside a model is taken where it is for this very model, else the model is tried in a ' +
        'process of its own first.',
    },
    mqtt: mqttSchema,
    parking: parkingSchema,
    control: controlSchema,
    dashboard: dashboardSchema,
    duration_seconds: {
      type: ['number', 'null'],
      exclusiveMinimum: 0,
      default: null,
      description: 'The program ends after this time. null: it runs until it is stopped.',
    },
    stop_seconds: {
      type: 'number',
      minimum: 0.1,
      maximum: 600,
      default: 1.8,
      description:
        'How long a clean stop may take, which waits for the models that are at work. After that the ' +
        'program ends at once, without its report and with status 1, as it does on a second signal.',
    },
    report: {
      path: true,
      type: ['string', 'null'],
      default: null,
      description: 'A file for the figures of the whole run, written at its end as JSON.',
    },
    record: recordSchema,
    notices_file: {
      path: true,
      type: ['string', 'null'],
      default: null,
      description:
        'A JSON list of events that the system around the program wants told: each is published at ' +
        'the start. null, or a file that is not there: none.',
    },
    snapshots: snapshotsSchema,
    recovery: recoverySchema,
    log_level: {
      type: 'string',
      enum: ['debug', 'info', 'warn', 'error'],
      default: 'info',
      description: 'The least important messages that are shown.',
    },
  },
} as const;
