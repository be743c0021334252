import assert from 'node:assert/strict';
import { test } from 'node:test';
import koffi from 'koffi';
import { EVENT_BYTES, FRAME_BYTES, NativeEvent } from '../../app/frames/native-event.ts';
import { structs } from '../../app/native/structs.ts';

const BIG = 2 ** 52 + 1;

/** Events as the native library writes them, one behind the other. */
function encode(events: readonly Record<string, unknown>[]): Buffer {
  const bytes = Buffer.alloc(events.length * EVENT_BYTES);
  for (const [index, event] of events.entries()) {
    koffi.encode(bytes, index * EVENT_BYTES, structs.ep_event, event);
  }
  return bytes;
}

function eventOf(number: number): Record<string, unknown> {
  const frame = { width: 640, height: 480, pixels: 2, slot: 3, captured_ns: BIG, bytes: 9 };
  return {
    kind: 2,
    status: -5,
    tag: 7,
    frame: { ...frame, number },
    submitted_ns: 1,
    started_ns: 2 ** 32,
    converted_ns: 2 ** 32 + 1,
    finished_ns: 2 ** 33,
    minor_faults: 4,
    bytes_copied: 5,
    message: 'schräg',
  };
}

test('every member is read where the native library has written it', () => {
  const event = new NativeEvent(encode([eventOf(1), eventOf(BIG)])).select(1);
  assert.equal(event.kind, 2);
  assert.equal(event.status, -5);
  assert.equal(event.tag, 7);
  assert.equal(event.slot, 3);
  assert.equal(event.number, BIG);
  assert.equal(event.capturedNs, BIG);
  assert.equal(event.startedNs, 2 ** 32);
  assert.equal(event.convertedNs, 2 ** 32 + 1);
  assert.equal(event.finishedNs, 2 ** 33);
  assert.equal(event.bytesCopied, 5);
  assert.equal(event.message, 'schräg');
});

test('a frame that was taken from an event stays as it was when the buffer is used again', () => {
  const buffer = encode([eventOf(1)]);
  const frame = new NativeEvent(buffer).select(0).frame();
  buffer.fill(0xff);
  assert.equal(frame.byteLength, FRAME_BYTES);
  const decoded = koffi.decode(frame, structs.ep_frame) as { number: number; slot: number };
  assert.equal(decoded.number, 1);
  assert.equal(decoded.slot, 3);
});
