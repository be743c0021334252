export type Fields = Readonly<Record<string, unknown>>;

/** Messages to whoever runs the program: one line each, figures in the fields. */
export interface Log {
  debug(message: string, fields?: Fields): void;
  info(message: string, fields?: Fields): void;
  warn(message: string, fields?: Fields): void;
  error(message: string, fields?: Fields): void;
}
