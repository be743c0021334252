import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import koffi, { type LibraryHandle } from 'koffi';
import { EP_ABI_VERSION } from './constants.ts';
import type { Native } from './native.ts';
// Names the structs that the prototypes below speak of.
import './structs.ts';

const NAME = 'libedgepool.so';

const PROTOTYPES = [
  'int32_t ep_region_create(const ep_region_options *options, _Out_ ep_region **out, void *error)',
  'int32_t ep_region_destroy(ep_region *region, void *error)',
  'void ep_region_get_stats(ep_region *region, _Out_ ep_region_stats *out)',
  'uint32_t ep_region_map(ep_region *region, void *owners, uint32_t capacity)',
  'int32_t ep_pool_create(ep_region *region, const ep_pool_options *options, _Out_ ep_pool **out, void *error)',
  'int32_t ep_pool_destroy(ep_pool *pool, void *error)',
  'int32_t ep_pool_reset(ep_pool *pool, void *error)',
  'int32_t ep_pool_set_quota(ep_pool *pool, uint64_t quota_bytes, void *error)',
  'int32_t ep_pool_grow(ep_pool *pool, uint64_t mapped_bytes, void *error)',
  'int32_t ep_pool_trim(ep_pool *pool, uint64_t mapped_bytes, void *error)',
  'void *ep_pool_alloc(ep_pool *pool, uint64_t bytes, uint64_t alignment)',
  'void ep_pool_free(ep_pool *pool, void *block)',
  'void ep_pool_get_stats(ep_pool *pool, _Out_ ep_pool_stats *out)',
  'int32_t ep_pool_check(ep_pool *pool, void *error)',
  'uint32_t ep_pool_blocks(ep_pool *pool, void *blocks, uint32_t capacity)',
  'void ep_pool_fail_nth(ep_pool *pool, uint64_t n)',
  'int32_t ep_pool_record(ep_pool *pool, uint32_t capacity, void *error)',
  'uint32_t ep_pool_records(ep_pool *pool, void *records, uint32_t capacity)',
  'int32_t ep_runtime_open(ep_region *region, const ep_runtime_options *options, _Out_ ep_runtime **out, void *error)',
  'int32_t ep_runtime_close(ep_runtime *runtime, void *error)',
  'void ep_runtime_get_stats(ep_runtime *runtime, _Out_ ep_runtime_stats *out)',
  'ep_pool *ep_runtime_pool(ep_runtime *runtime)',
  'int32_t ep_model_check_file(const char *path, uint64_t max_file_bytes, void *error)',
  'int32_t ep_model_check_bytes(const char *name, const void *bytes, uint64_t size_bytes, void *error)',
  'int32_t ep_model_load(ep_runtime *runtime, ep_pool *pool, const ep_model_options *options, _Out_ ep_model **out, void *error)',
  'int32_t ep_model_unload(ep_model *model, int32_t reset, void *error)',
  'void ep_model_get_info(ep_model *model, _Out_ ep_model_info *out)',
  'int32_t ep_model_input_info(ep_model *model, uint32_t index, _Out_ ep_tensor_info *out)',
  'int32_t ep_model_output_info(ep_model *model, uint32_t index, _Out_ ep_tensor_info *out)',
  'int32_t ep_model_write_input(ep_model *model, uint32_t index, const void *bytes, uint64_t size_bytes, void *error)',
  'int32_t ep_model_read_output(ep_model *model, uint32_t index, void *bytes, uint64_t size_bytes, void *error)',
  'int32_t ep_model_resize_input(ep_model *model, uint32_t index, const void *shape, uint32_t rank, void *error)',
  'int32_t ep_model_invoke(ep_model *model, _Out_ ep_invoke_stats *stats, void *error)',
  'int32_t ep_events_create(uint32_t capacity, _Out_ ep_events **out, _Out_ int32_t *read_fd, void *error)',
  'void ep_events_destroy(ep_events *events)',
  'uint32_t ep_events_drain(ep_events *events, void *out, uint32_t capacity)',
  'int32_t ep_ring_create(ep_pool *pool, uint32_t slots, uint64_t slot_bytes, _Out_ ep_ring **out, void *error)',
  'int32_t ep_ring_destroy(ep_ring *ring, void *error)',
  'int32_t ep_ring_retain(ep_ring *ring, uint32_t slot)',
  'int32_t ep_ring_release(ep_ring *ring, uint32_t slot)',
  'void *ep_ring_slot(ep_ring *ring, uint32_t slot)',
  'uint32_t ep_ring_held(ep_ring *ring)',
  'int32_t ep_source_probe(const ep_source_options *options, _Out_ ep_frame *largest, void *error)',
  'int32_t ep_source_start(ep_ring *ring, ep_events *events, const ep_source_options *options, _Out_ ep_source **out, void *error)',
  'int32_t ep_source_stop(ep_source *source, void *error)',
  'int32_t ep_convert(const void *pixels, const void *frame, ep_model *model, uint32_t index, const ep_convert_options *options, void *error)',
  'int32_t ep_picture_decode(const char *path, void *rgb, uint64_t capacity, _Out_ ep_frame *out, void *error)',
  'int32_t ep_worker_create(ep_events *events, const char *name, _Out_ ep_worker **out, void *error)',
  'int32_t ep_worker_submit(ep_worker *worker, ep_model *model, ep_ring *ring, const void *frame, const void *options, uint64_t tag, void *error)',
  'int32_t ep_worker_destroy(ep_worker *worker, void *error)',
  'int32_t ep_threads_get_stats(_Out_ ep_thread_stats *out, void *error)',
] as const;

const loaded = new Map<string, Native>();

/**
 * Opens the native library: the given path, else the environment's EDGEPOOL_LIBRARY, else
 * `build/native` of the checkout, else beside the program's own file. Once a path.
 */
export function loadNative(path?: string): Native {
  const file = resolve(path ?? process.env.EDGEPOOL_LIBRARY ?? findLibrary());
  const known = loaded.get(file);
  if (known) {
    return known;
  }
  const library = open(file);
  const version = (library.func('uint32_t ep_abi_version(void)') as () => number)();
  if (version !== EP_ABI_VERSION) {
    throw new Error(
      `${file} has ABI version ${version}, this program needs ${EP_ABI_VERSION}: build both from the same sources`,
    );
  }
  const functions: Record<string, unknown> = { path: file };
  for (const prototype of PROTOTYPES) {
    const name = /(ep_\w+)\(/.exec(prototype)?.[1] ?? prototype;
    functions[name] = library.func(prototype);
  }
  const native = functions as unknown as Native;
  loaded.set(file, native);
  return native;
}

/** koffi runs a call on a stack of its own; 128 KiB, its default, is too little for a load. */
const ASYNC_STACK_BYTES = 4 * 1024 * 1024;

function open(file: string): LibraryHandle {
  try {
    if (koffi.config().async_stack_size !== ASYNC_STACK_BYTES) {
      koffi.config({ async_stack_size: ASYNC_STACK_BYTES });
    }
    return koffi.load(file);
  } catch (error) {
    throw new Error(
      `cannot open the native library ${file}: ${(error as Error).message}. Build it with 'make build', or name it in EDGEPOOL_LIBRARY`,
    );
  }
}

/** From this file upwards: a checkout's build folder, then the folder of a bundled program. */
function findLibrary(): string {
  const here = dirname(fileURLToPath(import.meta.url));
  const candidates: string[] = [];
  for (let folder = here; ; folder = dirname(folder)) {
    candidates.push(join(folder, 'build', 'native', NAME));
    if (folder === dirname(folder)) {
      break;
    }
  }
  candidates.push(join(here, NAME));
  return candidates.find((candidate) => existsSync(candidate)) ?? join(here, NAME);
}
