/** Every topic of a device, in one place. */
export class Topics {
  readonly root: string;

  constructor(base: string, device: string) {
    this.root = `${base}/${device}`;
  }

  get availability(): string {
    return `${this.root}/availability`;
  }

  get state(): string {
    return `${this.root}/state`;
  }

  get summary(): string {
    return `${this.root}/summary`;
  }

  get event(): string {
    return `${this.root}/event`;
  }

  /** What this device lends. */
  get lending(): string {
    return `${this.root}/lending`;
  }

  /** Where a command is taken. */
  set(command: string): string {
    return `${this.root}/set/${command}`;
  }

  /** Where a command is answered, unless the request says where. */
  response(command: string): string {
    return `${this.root}/response/${command}`;
  }

  result(model: string): string {
    return `${this.root}/model/${model}/result`;
  }
}
