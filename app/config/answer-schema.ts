/** Settings of how a model's outputs become an answer; part of each model's. */
export const answerSchema = {
  task: {
    type: 'string',
    enum: ['auto', 'classification', 'detection', 'keypoints', 'mask'],
    default: 'auto',
    description:
      'What its outputs mean. auto: seen from their shapes, heat maps of key points excepted, ' +
      'which look like a mask.',
  },
  score: {
    type: 'number',
    minimum: 0,
    maximum: 1,
    default: 0.5,
    description: 'Detections, key points and mask places that are less certain are not told.',
  },
  overlap: {
    type: 'number',
    minimum: 0,
    maximum: 1,
    default: 0.5,
    description:
      'Of two detections of one label that overlap by more than this (intersection over union) ' +
      'the less certain one goes.',
  },
  anchor_side: {
    type: ['number', 'null'],
    exclusiveMinimum: 0,
    maximum: 2,
    default: null,
    description:
      'A detector with raw outputs on a grid: the side of its anchors, in shares of the input.',
  },
  anchors: {
    path: true,
    type: ['string', 'null'],
    default: null,
    description:
      'A detector with raw outputs: a text file with one anchor a line, its middle y, middle x, ' +
      'height and width in shares of the input.',
  },
  scores: {
    type: 'string',
    enum: ['softmax', 'sigmoid', 'none'],
    default: 'softmax',
    description: 'What makes scores of the values of a detector with raw outputs.',
  },
  top: {
    type: 'integer',
    minimum: 1,
    maximum: 100,
    default: 3,
    description: 'How many classes an answer names.',
  },
} as const;
