const OPTIONAL = { type: ['string', 'null'], default: null } as const;

const HOST = '([0-9A-Za-z][0-9A-Za-z_.-]{0,252}|\\[[0-9A-Fa-f:.]{2,45}\\])';
/** 1 to 65535. */
const PORT =
  '([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])';

/** How one comes into a Valkey or Redis server: what every section of settings of one shares. */
export const serverAccess = {
  url: { pattern: '^rediss?://[^@\\s]+$' },
  username: OPTIONAL,
  password: { secret: true, ...OPTIONAL, description: 'For the server. null: it asks for none.' },
  ca: { path: true, ...OPTIONAL },
} as const;

/** Where others reach a server, as one board tells another: nothing but host and port, by TLS. */
export const announcedUrl = {
  maxLength: 280,
  pattern: `^rediss://${HOST}(:${PORT})?$`,
} as const;
