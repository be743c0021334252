const OPTIONAL = { type: ['string', 'null'], default: null } as const;

/** How one comes into a Valkey or Redis server: what every section of settings of one shares. */
export const serverAccess = {
  url: { pattern: '^rediss?://[^@\\s]+$' },
  username: OPTIONAL,
  password: { secret: true, ...OPTIONAL, description: 'For the server. null: it asks for none.' },
  ca: { path: true, ...OPTIONAL },
} as const;
