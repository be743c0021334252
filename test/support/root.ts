import { fileURLToPath } from 'node:url';

/** The checkout's folder, with a slash behind it. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
