import { check, sharedError } from './call.ts';
import { loadNative } from './library.ts';

/**
 * Sends one datagram to a service manager's socket: a path, or an abstract name that begins with
 * `@`. Throws one line where it cannot.
 */
export function notify(socket: string, text: string): void {
  const error = sharedError();
  check(loadNative().ep_notify(socket, text, error), error);
}
