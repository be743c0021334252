import { homedir } from 'node:os';
import { join } from 'node:path';

/**
 * Where the program keeps what it writes: the folder that systemd gives ($STATE_DIRECTORY), else
 * `edgepool` in the user's ($XDG_STATE_HOME, by default ~/.local/state).
 */
export function stateFolder(environment: NodeJS.ProcessEnv): string {
  const { STATE_DIRECTORY: service, XDG_STATE_HOME: user } = environment;
  if (service) return service.split(':')[0] ?? service;
  return join(user || join(homedir(), '.local', 'state'), 'edgepool');
}
