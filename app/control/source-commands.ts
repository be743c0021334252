import { sourceSchema } from '../config/source-schema.ts';
import { define } from './command.ts';
import type { Ground } from './ground.ts';

const SOURCE = {
  type: 'string',
  minLength: 1,
  maxLength: 200,
  description: 'The name of a source; may be left out where there is one alone.',
} as const;

const { width, height } = sourceSchema.properties;

function nameOf({ read }: Ground, given: string | undefined): string {
  if (given !== undefined) return given;
  const names = read().sources.map(({ name }) => name);
  const [only, ...others] = names;
  if (only !== undefined && others.length === 0) return only;
  throw new Error(`source is missing, and there are several: ${names.join(', ')}`);
}

/** Of what goes by MQTT, unless another width is asked for. */
const SENT_WIDTH = 640;

export const snapshot = define({
  name: 'snapshot',
  summary:
    "Takes a picture of a source's next frame: kept as a file here, or sent to who asked by MQTT " +
    'where `mqtt.pictures` allows it.',
  kind: 'change',
  words: ['source'],
  schema: {
    type: 'object',
    additionalProperties: false,
    properties: {
      source: SOURCE,
      width: {
        type: 'integer',
        minimum: 16,
        maximum: width.maximum,
        description: `The most pixels that it is wide. Left out: the frame's; by MQTT ${SENT_WIDTH}.`,
      },
    },
  },
  async run({ source, width: wide }, ground, _signal, caller) {
    const { pictures } = ground;
    const name = nameOf(ground, source);
    const leaves = caller === 'mqtt';
    if (leaves && pictures.hidden !== null) throw new Error(pictures.hidden);
    const picture = await pictures.take(name, wide ?? (leaves ? SENT_WIDTH : width.maximum));
    const { jpeg, number } = picture;
    if (leaves && jpeg.length > pictures.mostBytes) {
      throw new Error(
        `the picture has ${jpeg.length} bytes, and mqtt.queue_bytes has room for ` +
          `${pictures.mostBytes}; ask for a smaller width`,
      );
    }
    const place = leaves
      ? { jpeg: jpeg.toString('base64') }
      : { file: await pictures.keep(name, picture) };
    pictures.tell(name, number, caller);
    return { source: name, frame: number, bytes: jpeg.length, ...place };
  },
});

export const restartSource = define({
  name: 'restart-source',
  summary: "Stops a source and starts it again; its frames' numbers go on.",
  kind: 'change',
  words: ['source'],
  schema: { type: 'object', additionalProperties: false, properties: { source: SOURCE } },
  async run({ source }, ground) {
    const name = nameOf(ground, source);
    await ground.pipeline.restartSource(name);
    return { source: name };
  },
});

export const resolution = define({
  name: 'resolution',
  summary: 'Has a source give frames of another size.',
  kind: 'change',
  words: ['width', 'height'],
  schema: {
    type: 'object',
    additionalProperties: false,
    required: ['width', 'height'],
    properties: {
      width: {
        type: 'integer',
        minimum: width.minimum,
        maximum: width.maximum,
        description: 'In pixels.',
      },
      height: {
        type: 'integer',
        minimum: height.minimum,
        maximum: height.maximum,
        description: 'In pixels.',
      },
      source: SOURCE,
    },
  },
  async run({ width: wide, height: high, source }, ground) {
    const name = nameOf(ground, source);
    await ground.pipeline.setSourceSize(name, wide, high);
    return { source: name, width: wide, height: high };
  },
});
