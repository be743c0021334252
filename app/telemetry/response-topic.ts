import type { Topics } from './mqtt/topics.ts';

const LONGEST_BYTES = 256;

/**
 * Why an answer may not go where a request wants it; null: it may. A request must not make this
 * device speak as somebody else: command another one, or say things in its own name.
 */
export function responseTopicFault(topic: string, topics: Topics): string | null {
  if (topic === '' || Buffer.byteLength(topic) > LONGEST_BYTES) {
    return `the response topic must have 1 to ${LONGEST_BYTES} bytes`;
  }
  if (/[+#\0]/.test(topic)) return 'the response topic must be one topic, without + and #';
  if (topic.startsWith('$')) return 'the response topic must not belong to the broker ($)';
  if (topic.split('/').includes('set')) {
    return 'the response topic must not lead to commands (set)';
  }
  if (topic.startsWith(`${topics.root}/`) && !topic.startsWith(topics.response(''))) {
    return `the response topic must not be one of the device's own but ${topics.response('...')}`;
  }
  return null;
}
