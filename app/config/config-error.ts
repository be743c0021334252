/** A setting that cannot be used. The message is one line that names it and says what to do. */
export class ConfigError extends Error {
  /** True where the command line is wrong, not a file or the environment. */
  readonly usage: boolean;

  constructor(message: string, usage = false) {
    super(message);
    this.name = 'ConfigError';
    this.usage = usage;
  }
}
