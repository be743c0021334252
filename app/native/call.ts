import type { KoffiFunc } from 'koffi';
import { NativeError } from './native-error.ts';
import { structs } from './structs.ts';

/** Room for an `ep_error`. Asynchronous calls need one each; synchronous ones may share. */
export function newError(): Uint8Array {
  return Buffer.alloc(structs.ep_error.size);
}

const shared = newError();

/** The `ep_error` of synchronous calls, emptied. Read it before the next synchronous call. */
export function sharedError(): Uint8Array {
  return shared.fill(0);
}

/** Throws what went wrong unless the call is done. */
export function check(status: number, error: Uint8Array): void {
  if (status !== 0) {
    throw NativeError.from(status, error);
  }
}

/** Runs a call that takes an `ep_error` last on a thread of its own, off the event loop. */
export async function callAsync<Args extends unknown[]>(
  call: KoffiFunc<(...args: [...Args, Uint8Array]) => number>,
  ...args: Args
): Promise<void> {
  const error = newError();
  const status = await new Promise<number>((resolve, reject) => {
    call.async(...args, error, (failure: unknown, result: number) => {
      if (failure) {
        reject(failure);
      } else {
        resolve(result);
      }
    });
  });
  check(status, error);
}
