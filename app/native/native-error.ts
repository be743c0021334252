import koffi from 'koffi';
import { type StatusName, statusName } from './constants.ts';
import { type ErrorStruct, structs } from './structs.ts';

/** A native call that failed. The message is one line, ready to be shown. */
export class NativeError extends Error {
  override readonly name = 'NativeError';
  readonly status: StatusName;
  readonly systemErrno: number;
  /** The three figures hold where the status is of the capacity range; they are 0 elsewhere. */
  readonly requestedBytes: number;
  readonly availableBytes: number;
  readonly largestFreeBytes: number;

  constructor(error: ErrorStruct) {
    super(error.message);
    this.status = statusName(error.status);
    this.systemErrno = error.system_errno;
    this.requestedBytes = error.requested_bytes;
    this.availableBytes = error.available_bytes;
    this.largestFreeBytes = error.largest_free_bytes;
  }

  /** From an `ep_error` that a call has filled. */
  static from(status: number, error: Uint8Array): NativeError {
    const decoded = koffi.decode(error, structs.ep_error) as ErrorStruct;
    // A call without an `ep_error` parameter leaves the struct as it was.
    const message = decoded.message || `the native call failed with ${statusName(status)}`;
    return new NativeError({ ...decoded, status, message });
  }
}
