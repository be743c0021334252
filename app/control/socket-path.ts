import { tmpdir } from 'node:os';
import { join } from 'node:path';

const FILE = 'control.sock';

/** Where the socket lies that the program listens on and the command line asks. */
export function socketPath(configured: string | null, environment: NodeJS.ProcessEnv): string {
  if (configured !== null) return configured;
  const { XDG_RUNTIME_DIR: session, RUNTIME_DIRECTORY: service } = environment;
  if (session) return join(session, 'edgepool', FILE);
  if (service) return join(service.split(':')[0] ?? service, FILE);
  const user = process.getuid?.() ?? 0;
  return user === 0 ? join('/run/edgepool', FILE) : join(tmpdir(), `edgepool-${user}`, FILE);
}
