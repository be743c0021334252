/** Where frames come from: the settings of one source. */
export const sourceSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    kind: {
      type: 'string',
      enum: ['pattern', 'still', 'v4l2', 'y4m', 'gst'],
      default: 'pattern',
      description:
        'pattern: a moving picture; still: a JPEG or BMP file, or a folder of them; v4l2: a ' +
        'camera; y4m: a recorded clip of 4:2:0, once, at its own rate; gst: a GStreamer pipeline, ' +
        'where the build has it.',
    },
    path: {
      path: true,
      type: ['string', 'null'],
      default: null,
      description: 'still: the file or folder. v4l2: the device. y4m: the file.',
    },
    pipeline: {
      type: ['string', 'null'],
      default: null,
      description:
        'gst: the elements as gst-launch-1.0 takes them, without the sink: frames are taken at ' +
        'the end.',
    },
    width: {
      type: 'integer',
      minimum: 16,
      maximum: 4096,
      default: 1280,
      description:
        'Of the pattern or the camera, in pixels. A still, a clip and a pipeline have their own.',
    },
    height: {
      type: 'integer',
      minimum: 16,
      maximum: 4096,
      default: 720,
      description: 'As `width`.',
    },
    each_seconds: {
      type: 'number',
      minimum: 0,
      maximum: 86400,
      default: 0,
      description: 'still folder: how long each picture stands. 0: one frame.',
    },
    cpus: {
      type: ['array', 'null'],
      items: { type: 'integer', minimum: 0, maximum: 63 },
      default: null,
      description: 'Processors that the thread which captures may run on. null: every one.',
    },
    realtime: {
      type: 'integer',
      minimum: 0,
      maximum: 99,
      default: 0,
      description: 'Real-time priority of that thread (SCHED_FIFO). 0: an ordinary thread.',
    },
    seed: {
      type: 'integer',
      minimum: 0,
      maximum: 4294967295,
      default: 1,
      description: "Of the pattern's shapes and paths.",
    },
    fps: {
      type: ['number', 'null'],
      minimum: 0.1,
      maximum: 240,
      default: null,
      description: 'Frames a second that it is asked for. null: the general `fps`.',
    },
  },
} as const;
