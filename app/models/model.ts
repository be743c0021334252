import { basename } from 'node:path';
import type { Pool } from '../memory/pool.ts';
import { callAsync, check, sharedError } from '../native/call.ts';
import { Delegate, type DelegateName } from '../native/constants.ts';
import type { Native, Out } from '../native/native.ts';
import type {
  InvokeStats,
  ModelHandle,
  ModelInfo,
  ParkingStruct,
  TensorInfoStruct,
} from '../native/structs.ts';
import { delegateName } from './delegate-name.ts';
import type { ExternalDelegate } from './external-delegate.ts';
import { type ModelParking, modelParking } from './model-parking.ts';
import type { Runtime } from './runtime.ts';
import { TensorBuffer } from './tensor-buffer.ts';
import { type TensorInfo, tensorInfo } from './tensor-info.ts';

export interface ModelOptions {
  /** Stands in messages. */
  name: string;
  /** The .tflite file, or its bytes. */
  source: string | Uint8Array;
  /** 1 to 64; by default 1. */
  threads?: number;
  delegate?: DelegateName;
  /** Of the delegate `external`. */
  external?: ExternalDelegate | null;
  sha256?: string;
  /** Loaded with the process's allocator; the pool stays empty. To compare. */
  unpooled?: boolean;
}

/** A TensorFlow Lite model with everything the runtime allocates for it in one pool. */
export class Model {
  readonly name: string;
  readonly sha256: string;
  /** The name of its file; null: it came from memory. */
  readonly file: string | null;
  readonly pool: Pool;
  readonly #runtime: Runtime;
  readonly #options: ModelOptions;
  #handle: ModelHandle | null = null;
  #info: ModelInfo | null = null;
  #inputs: TensorInfo[] = [];
  #outputs: TensorBuffer[] = [];
  #parking: ModelParking | null = null;

  constructor(runtime: Runtime, pool: Pool, options: ModelOptions) {
    this.name = options.name;
    this.sha256 = options.sha256 ?? '';
    this.file = typeof options.source === 'string' ? basename(options.source) : null;
    this.pool = pool;
    this.#runtime = runtime;
    this.#options = options;
  }

  get handle(): ModelHandle {
    if (this.#handle === null) {
      throw new Error(`the model ${this.name} is not loaded`);
    }
    return this.#handle;
  }

  get loaded(): boolean {
    return this.#handle !== null;
  }

  get info(): ModelInfo {
    if (this.#info === null) {
      throw new Error(`the model ${this.name} is not loaded`);
    }
    return this.#info;
  }

  get inputs(): readonly TensorInfo[] {
    return this.#inputs;
  }

  get outputs(): readonly TensorInfo[] {
    return this.#outputs.map((output) => output.info);
  }

  get loadMs(): number {
    return this.info.load_ns / 1e6;
  }

  /** As in the snapshot: `xnnpack+qs8`, `xnnpack (qu8 refused)`, `none`. */
  get delegate(): string {
    return delegateName(this.info.delegate, this.info.delegate_tried);
  }

  /** Loads off the event loop. A refused load leaves the pool empty and all else as it was. */
  async start(): Promise<void> {
    if (this.#handle !== null) {
      return;
    }
    const { name, source, threads, delegate, external, unpooled } = this.#options;
    const bytes = typeof source === 'string' ? null : nonEmpty(source);
    const out: Out<ModelHandle> = [null];
    await callAsync(
      this.#native.ep_model_load,
      this.#runtime.handle,
      unpooled === true ? null : this.pool.handle,
      {
        name,
        path: typeof source === 'string' ? source : null,
        bytes,
        size_bytes: typeof source === 'string' ? 0 : source.byteLength,
        max_file_bytes: 0,
        threads: threads ?? 1,
        delegate: Delegate[delegate ?? 'auto'],
        delegate_library: external?.library ?? null,
        delegate_options: external?.options.join('\n') ?? null,
      },
      out,
    );
    this.#handle = out[0];
    this.#describe();
  }

  /** Unloads off the event loop and drops what is left in the pool. One that is away is forgotten. */
  async stop(): Promise<void> {
    if (this.#handle === null) {
      return;
    }
    const handle = this.#handle;
    this.#handle = null;
    await callAsync(this.#native.ep_model_unload, handle, 1);
  }

  /** As `stop`, at once on the calling thread: for those who cannot wait. */
  stopNow(): void {
    if (this.#handle === null) {
      return;
    }
    const handle = this.#handle;
    this.#handle = null;
    const error = sharedError();
    check(this.#native.ep_model_unload(handle, 1, error), error);
  }

  /** Height and width of its first input. */
  get pictureSize(): { height: number; width: number } {
    const [, height = 0, width = 0] = this.#inputs[0]?.shape ?? [];
    return { height, width };
  }

  /** Gives its first input, which is a picture, another height and width, and runs it once, off the
   *  event loop. On failure its former size holds. */
  async resizePicture(height: number, width: number): Promise<void> {
    const [batch = 1, , , channels = 1] = this.#inputs[0]?.shape ?? [];
    const shape = Int32Array.of(batch, height, width, channels);
    const { ep_model_resize_input } = this.#native;
    await callAsync(ep_model_resize_input, this.handle, 0, shape, shape.length);
    this.#describe();
    await this.invoke();
  }

  writeInput(index: number, bytes: Uint8Array): void {
    const error = sharedError();
    const { byteLength } = bytes;
    check(this.#native.ep_model_write_input(this.handle, index, bytes, byteLength, error), error);
  }

  /** Runs the model once off the event loop. */
  async invoke(): Promise<InvokeStats> {
    const stats: Partial<InvokeStats> = {};
    await callAsync(this.#native.ep_model_invoke, this.handle, stats);
    return stats as InvokeStats;
  }

  /** Runs the model once on the calling thread. */
  invokeNow(): InvokeStats {
    const stats: Partial<InvokeStats> = {};
    const error = sharedError();
    check(this.#native.ep_model_invoke(this.handle, stats, error), error);
    return stats as InvokeStats;
  }

  /** Parks the model once it is idle; waits for that at most `patienceMs`. Throws EP_E_BUSY, and
   *  nothing has happened, where it is not idle then. Every call but `restore`, `parking` and `stop`
   *  throws EP_E_STATE from then on. */
  async park(patienceMs: number): Promise<void> {
    await callAsync(this.#native.ep_model_park, this.handle, Math.round(patienceMs * 1e6));
  }

  /** Makes a parked model resident again: the same bytes at the same addresses. Throws
   *  EP_E_REGION_FULL where its memory has others now. */
  async restore(): Promise<void> {
    await callAsync(this.#native.ep_model_restore, this.handle);
  }

  /** What is live of a parked model lies side by side from then on, compressed where the region is
   *  told so; the rest is the region's. */
  async pack(): Promise<void> {
    await callAsync(this.#native.ep_model_pack, this.handle);
  }

  /** How long piece `number` of a packed model, or of one that is away, is when it is sealed. */
  sealedBytes(number: number): number {
    return this.#native.ep_model_sealed_bytes(this.handle, number);
  }

  /** Fills `sealed`, which has just the room, with piece `number` of a packed model, readable by this
   *  process alone. `place` is a number from 0 to 255 that stands for where it is meant to go. */
  async sealPiece(place: number, number: number, sealed: Uint8Array): Promise<void> {
    const { ep_model_seal_piece: seal } = this.#native;
    await callAsync(seal, this.handle, place, number, sealed, sealed.byteLength);
  }

  /** Whether piece `number` of a packed model is what was sealed last for that place: then it is a
   *  piece of this parking too, and need not be sealed again. */
  async keepPiece(place: number, number: number): Promise<boolean> {
    const kept: Out<number> = [0];
    await callAsync(this.#native.ep_model_keep_piece, this.handle, place, number, kept);
    return kept[0] === 1;
  }

  /** Gives all memory of a packed model back. */
  async sendAway(): Promise<void> {
    await callAsync(this.#native.ep_model_send_away, this.handle);
  }

  /** Brings a piece of a model that is away back, in order; with the last one it is packed. Throws
   *  EP_E_SEAL where it is not to the bit what was sealed, EP_E_REGION_FULL where there is no room. */
  async unsealPiece(place: number, number: number, sealed: Uint8Array): Promise<void> {
    const { ep_model_unseal_piece: unseal } = this.#native;
    await callAsync(unseal, this.handle, place, number, sealed, sealed.byteLength);
  }

  /** Where its memory is. */
  parking(): ModelParking {
    if (this.#handle === null && this.#parking !== null) {
      // It was lost, and is to be loaded anew: what it needs is known.
      return { ...this.#parking, residence: 'away', heldBytes: 0 };
    }
    const parking: Partial<ParkingStruct> = {};
    this.#native.ep_model_get_parking(this.handle, parking);
    this.#parking = modelParking(parking as ParkingStruct);
    return this.#parking;
  }

  /** Copies an output into the room that the model keeps for it, which the next read overwrites. */
  readOutput(index: number): TensorBuffer {
    const output = this.#outputs[index];
    if (output === undefined) {
      throw new RangeError(`${this.name} has ${this.#outputs.length} outputs, no number ${index}`);
    }
    const error = sharedError();
    const { bytes } = output;
    check(
      this.#native.ep_model_read_output(this.handle, index, bytes, bytes.byteLength, error),
      error,
    );
    return output;
  }

  get #native(): Native {
    return this.#runtime.native;
  }

  #describe(): void {
    const info: Partial<ModelInfo> = {};
    this.#native.ep_model_get_info(this.handle, info);
    this.#info = info as ModelInfo;
    this.#inputs = this.#tensors(this.#native.ep_model_input_info, this.#info.inputs);
    this.#outputs = this.#tensors(this.#native.ep_model_output_info, this.#info.outputs).map(
      (output) => new TensorBuffer(output),
    );
  }

  #tensors(read: Native['ep_model_input_info'], count: number): TensorInfo[] {
    return Array.from({ length: count }, (_, index) => {
      const info: Partial<TensorInfoStruct> = {};
      const status = read(this.handle, index, info);
      check(status, sharedError());
      return tensorInfo(info as TensorInfoStruct);
    });
  }
}

/** koffi hands an empty array over as NULL, which means that no bytes were given. */
function nonEmpty(bytes: Uint8Array): Uint8Array {
  return bytes.byteLength > 0 ? bytes : new Uint8Array(1);
}
