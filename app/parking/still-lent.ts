/** Memory that was to be back is not. */
export class StillLent extends Error {
  override readonly name = 'StillLent';
  readonly missingBytes: number;

  constructor(message: string, missingBytes: number) {
    super(message);
    this.missingBytes = missingBytes;
  }
}
