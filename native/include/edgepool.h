/**
 * edgepool: one fixed block of native memory, one isolated pool per TensorFlow Lite model.
 *
 * This header is the whole C ABI and its contract.
 *
 * Conventions
 *   Status     Every call that can fail returns an ep_status and, where it takes an `ep_error*`,
 *              fills it when it fails. The pointer may be NULL. On success the struct is untouched.
 *   Handles    Opaque. Whoever gets one from an `_create`, `_open`, `_load` or `_start` call owns
 *              it and gives it back to the matching `_destroy`, `_close`, `_unload` or `_stop`.
 *              A handle must not outlive the handle it was made from.
 *   Threads    Calls on different handles may run at the same time. Calls on one handle may not,
 *              unless a call says so.
 *   Units      Bytes, nanoseconds of CLOCK_MONOTONIC, counts. The unit is in the name.
 *   Strings    UTF-8, NUL-terminated; the library copies what it keeps.
 *   Exceptions None crosses this ABI.
 *
 *   Region ──┬── Pool "runtime"  what the library makes once for itself; never reset
 *            ├── Pool "frames"   the ring of frame slots
 *            ├── Pool model A    file bytes, arena, packed weights, every small object
 *            └── Pool model B    ...
 */
#ifndef EDGEPOOL_H
#define EDGEPOOL_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define EP_API __attribute__((visibility("default")))
#else
#define EP_API
#endif

/** Raised by one whenever a struct or a signature below changes. */
#define EP_ABI_VERSION 1u

/** Status of a call. Ranges: 0 done, 1x argument, 2x capacity, 3x model, 4x system. */
typedef enum ep_status {
  EP_OK = 0,
  EP_E_ARGUMENT = 10,    /**< A value outside its documented range. */
  EP_E_STATE = 11,       /**< Not in this state: a model still loaded, a worker stopped. */
  EP_E_BUSY = 12,        /**< In use now: calling again later may succeed. */
  EP_E_REGION_FULL = 20, /**< No free chunk left in the region. */
  EP_E_POOL_FULL = 21,   /**< The pool's quota is used up. */
  EP_E_MAPPINGS = 22,    /**< The region's budget of mappings is used up. */
  EP_E_NO_MEMORY = 23,   /**< The machine or the control group has less than was asked for. */
  EP_E_MEMLOCK = 24,     /**< RLIMIT_MEMLOCK (or a missing privilege) forbids the lock. */
  EP_E_FILE = 30,        /**< The file cannot be read. */
  EP_E_NOT_A_MODEL = 31, /**< Not a TensorFlow Lite file. */
  EP_E_MALFORMED = 32,   /**< A TensorFlow Lite file whose contents contradict themselves. */
  EP_E_UNSUPPORTED = 33, /**< Sound, but the runtime lacks an operator or a type of it. */
  EP_E_REFUSED = 34,     /**< The runtime refused the model; the message is the runtime's. */
  EP_E_INVOKE = 35,      /**< The runtime failed while it ran the model. */
  EP_E_IMAGE = 36,       /**< A picture that cannot be decoded. */
  EP_E_SEAL = 37,        /**< Not what was sealed here: altered, cut, older or another's. */
  EP_E_SYSTEM = 40,      /**< A system call failed; the message has its name and errno. */
  EP_E_LIBRARY = 41,     /**< A library that is asked for cannot be opened or lacks a symbol. */
  EP_E_BIND = 42,        /**< The library's allocator entries cannot be re-pointed. */
} ep_status;

/**
 * What went wrong. For the 2x range the three figures hold: what was asked for, what there was in
 * sum, and the largest single allocation that would have succeeded. They are 0 elsewhere.
 */
typedef struct ep_error {
  int32_t status;
  int32_t system_errno;
  uint64_t requested_bytes;
  uint64_t available_bytes;
  uint64_t largest_free_bytes;
  char message[512]; /**< One line; names the model, file or setting; says what to do. */
} ep_error;

/** EP_ABI_VERSION of the library in use. */
EP_API uint32_t ep_abi_version(void);

/* ── Region ──────────────────────────────────────────────────────────────────────────────────── */

typedef struct ep_region ep_region;

typedef enum ep_lock { EP_LOCK_OFF = 0, EP_LOCK_PREFERRED = 1, EP_LOCK_REQUIRED = 2 } ep_lock;

/** EP_PAGES_AUTO takes hugetlb pages iff enough are free; else it has the kernel (from Linux 6.1
 * on) make huge pages of the region, whatever the system's setting for transparent ones is, and
 * what that leaves are ordinary pages. */
typedef enum ep_pages { EP_PAGES_AUTO = 0, EP_PAGES_ORDINARY = 1, EP_PAGES_HUGETLB = 2 } ep_pages;

typedef struct ep_region_options {
  uint64_t capacity_bytes; /**< Rounded up to 2 MiB. */
  uint32_t lock;           /**< ep_lock */
  uint32_t pages;          /**< ep_pages */
  uint32_t mapping_budget; /**< Mappings all pools may hold together; 0 means 4096. */
  uint32_t
      populate_step_bytes; /**< Populated this much at a time, limits read between; 0: 16 MiB. */
} ep_region_options;

typedef struct ep_region_stats {
  uint64_t capacity_bytes;
  uint64_t assigned_bytes; /**< In pools, by chunk, and EP_COMPRESSION_BYTES once it compresses. */
  uint64_t mapped_bytes;   /**< Mapped in pools' windows. */
  uint64_t unassigned_bytes; /**< capacity - assigned - lent; the reserve is part of it. */
  uint64_t
      largest_run_bytes; /**< The longest run of free chunks; any free chunk serves any pool. */
  uint64_t page_bytes;   /**< 4096, or 2 MiB on hugetlb pages. */
  uint64_t lent_bytes;   /**< The system's for now: ep_region_lend. */
  uint64_t extents_lent; /**< Since the region was made. */
  uint64_t extents_taken_back;
  uint32_t mappings;
  uint32_t mapping_budget;
  uint32_t pools;
  uint8_t locked;           /**< 1 iff the master mapping is locked in memory. */
  uint8_t transparent_huge; /**< 1 iff the kernel serves the region with huge pages. */
  uint8_t reserved[2];
} ep_region_stats;

/**
 * Takes the region: one memfd of a fixed size, sealed, populated in steps, locked.
 *
 * Fails iff the capacity is 0 (EP_E_ARGUMENT); MemAvailable, the `max` of a control group above
 * the process or the free huge pages are below the capacity, read before the first step and again
 * between steps (EP_E_NO_MEMORY, the message names the limit; nothing is left behind); the budget
 * has fewer mappings than the region has extents of 2 MiB, or more than half of vm.max_map_count
 * (EP_E_MAPPINGS); the address space for the windows cannot be reserved (EP_E_SYSTEM); or the lock
 * is required and refused (EP_E_MEMLOCK). With EP_LOCK_PREFERRED the region goes on unlocked and
 * `locked` says so.
 *
 * Nothing of the region reaches child processes or core files.
 * Cost: the kernel's zeroing of every page, once.
 */
EP_API int32_t ep_region_create(const ep_region_options* options, ep_region** out, ep_error* error);

/** Gives all memory back. Fails with EP_E_BUSY iff a pool is left. */
EP_API int32_t ep_region_destroy(ep_region* region, ep_error* error);

/** Any thread, any time. Cost: one lock. */
EP_API void ep_region_get_stats(ep_region* region, ep_region_stats* out);

/** In place of a pool's id: lent, and what is kept for compressing. */
#define EP_OWNER_LENT 65535u
#define EP_OWNER_COMPRESSION 65534u

/** Who owns each 16 KiB chunk: pool id (from 1), 0 for free, or one of the two above. Returns how
 *  many there are; writes at most `capacity`. Any thread. */
EP_API uint32_t ep_region_map(ep_region* region, uint16_t* owners, uint32_t capacity);

/**
 * Gives free extents of 2 MiB back to the system, the last ones first, until `bytes` are given or
 * no whole extent is free: ep_region_stats says how many were. Nobody but ep_region_take_back gets
 * them while they are lent. A hugetlb page joins the kernel's free huge pages: it is ordinary
 * memory once somebody has lowered vm.nr_hugepages by one. EP_E_SYSTEM iff the kernel refuses.
 *
 * Cost: a system call an extent, which holds up no other thread's use of the region. With
 * ep_region_take_back: one thread at a time.
 */
EP_API int32_t ep_region_lend(ep_region* region, uint64_t bytes, ep_error* error);

/**
 * Takes lent extents back, `bytes` of them or all there are, each populated and locked as the
 * region was, with the limits read before. Whoever has used the memory meanwhile must have given it
 * up, and for hugetlb pages vm.nr_hugepages must have been raised. EP_E_NO_MEMORY iff the limits
 * leave no room for the next extent, or no huge page is free for it (the message names it): those
 * before it are back, the others lent as before.
 */
EP_API int32_t ep_region_take_back(ep_region* region, uint64_t bytes, ep_error* error);

typedef enum ep_compression {
  EP_COMPRESSION_NONE = 0,
  EP_COMPRESSION_LZ4 = 1,
  EP_COMPRESSION_ZSTD = 2, /**< At level 1. */
} ep_compression;

/** What a region keeps to compress and to expand in, from the first time on that it compresses. */
#define EP_COMPRESSION_BYTES 2097152u

/**
 * How models that are parked from now on are compressed once they are packed: each block of
 * EP_SEALED_PIECE_BYTES by itself, where that makes it smaller by a thirty-second part at least. At
 * first not at all. EP_E_LIBRARY iff liblz4.so.1 or libzstd.so.1 is not there, EP_E_REGION_FULL iff
 * there are no EP_COMPRESSION_BYTES in one piece, EP_E_ARGUMENT iff there is no such
 * ep_compression: then nothing has changed. Beside the region, zstd has about 1 MiB of its own for
 * the whole process, and lz4 16 KiB of the stack.
 */
EP_API int32_t ep_region_compress(ep_region* region, uint32_t compression, ep_error* error);

/* ── Pool ────────────────────────────────────────────────────────────────────────────────────── */

typedef struct ep_pool ep_pool;

typedef struct ep_pool_options {
  const char* name;       /**< At most 63 bytes; stands in messages. */
  uint64_t quota_bytes;   /**< What the pool may map at most. Rounded up to the chunk. */
  uint64_t window_bytes;  /**< Address space to reserve, which bounds later quotas; 0: the quota. */
  uint64_t planned_bytes; /**< Mapped at once, one call a run; at most the quota. */
  uint32_t chunk_bytes;   /**< 16384, 32768 or 2097152; 0: 16384. */
  uint32_t reserved;
} ep_pool_options;

/**
 * The numbers, defined once. All are over mapped bytes and taken before any reset.
 *   external fragmentation = (free - largest allocation that would succeed) / mapped
 *   internal fragmentation = (taken - requested) / taken
 *   utilisation            = peak live / the most that was mapped since the pool was made or reset
 *   headroom               = 1 - peak live / quota
 * taken = live blocks with their headers and padding; requested = what their callers asked for;
 * live = taken; free = mapped - taken - the heap's own control block.
 */
typedef struct ep_pool_stats {
  uint32_t id; /**< From 1; as in ep_region_map. */
  uint32_t chunk_bytes;
  uint64_t quota_bytes;
  uint64_t mapped_bytes;
  uint64_t live_bytes;
  uint64_t requested_bytes;
  uint64_t peak_live_bytes; /**< Since the pool was made or reset. */
  uint64_t free_bytes;
  uint64_t largest_free_bytes; /**< Largest allocation that succeeds without mapping more. */
  uint64_t allocations;        /**< Since the pool was made. */
  uint64_t frees;
  uint64_t failures; /**< Allocations and resizes refused. */
  uint64_t live_blocks;
  uint32_t runs;    /**< Mappings the window holds. */
  uint32_t threads; /**< Threads started in the pool's scope and still there. */
  double external_fragmentation;
  double internal_fragmentation;
  double utilisation;
  double headroom;
} ep_pool_stats;

/**
 * Makes a pool: a window of reserved addresses, `planned_bytes` of it mapped and populated.
 * Fails iff an option is out of range (EP_E_ARGUMENT), the region has too few free chunks
 * (EP_E_REGION_FULL) or too few mappings left (EP_E_MAPPINGS). No pointer into the pool ever moves.
 * On hugetlb pages the chunk is 2 MiB whatever was asked for. A region holds 1,023 pools.
 */
EP_API int32_t ep_pool_create(ep_region* region, const ep_pool_options* options, ep_pool** out,
                              ep_error* error);

/** Unmaps the window and frees its chunks. EP_E_BUSY iff a model, a ring or a thread lives in it.
 */
EP_API int32_t ep_pool_destroy(ep_pool* pool, ep_error* error);

/** Drops every block in constant time; the chunks stay mapped. Its blocks count as freed.
 *  EP_E_BUSY as above. */
EP_API int32_t ep_pool_reset(ep_pool* pool, ep_error* error);

/** Changes the quota. EP_E_ARGUMENT iff above the window, EP_E_BUSY iff below what is mapped. */
EP_API int32_t ep_pool_set_quota(ep_pool* pool, uint64_t quota_bytes, ep_error* error);

/** Maps until at least `mapped_bytes` are mapped, in place. Fails as ep_pool_create does. */
EP_API int32_t ep_pool_grow(ep_pool* pool, uint64_t mapped_bytes, ep_error* error);

/** Gives free chunks at the end of the window back until `mapped_bytes` are left or the next one is
 *  in use. One chunk always stays. */
EP_API int32_t ep_pool_trim(ep_pool* pool, uint64_t mapped_bytes, ep_error* error);

/** Allocates; grows the pool inside its quota where needed. `alignment` is a power of two, at
 *  least 16 is given. NULL iff no block fits and the quota, the region or the mapping budget ends.
 *  Any thread. Cost: constant, one uncontended lock; where no larger size class has a free block,
 *  also a look at each free block of the request's own class, and where the pool grows, mapping. */
EP_API void* ep_pool_alloc(ep_pool* pool, uint64_t bytes, uint64_t alignment);

/** Frees a block of this pool; NULL is ignored. Any thread. Constant time. Aborts on a pointer
 *  that is not a live block of the pool: a broken invariant, not an input. */
EP_API void ep_pool_free(ep_pool* pool, void* block);

/** Says where the next `count` allocations and resizes go: where bit n of `ends` (bit 0 of byte 0
 *  first) is 0, the n-th goes to the low end of the free memory, where it is 1 to the high end.
 * With what stays at the low end and what goes again at the high one, the free memory is one piece,
 * and ep_pool_trim gives all of it back. Advice only: a block that fits nowhere else lies
 * elsewhere, and a load that allocates otherwise than the one that the bits are from works as well.
 * `ends` is copied; `count` 0 takes the advice back. EP_E_ARGUMENT iff `ends` is missing. */
EP_API int32_t ep_pool_place(ep_pool* pool, const uint8_t* ends, uint32_t count, ep_error* error);

/** Any thread, any time. */
EP_API void ep_pool_get_stats(ep_pool* pool, ep_pool_stats* out);

/** Walks the heap and proves every invariant. EP_E_STATE with the first one that is broken. */
EP_API int32_t ep_pool_check(ep_pool* pool, ep_error* error);

/** One block of a pool, in order of address. */
typedef struct ep_block {
  uint64_t offset_bytes; /**< What its owner was given, from the start of the window. */
  uint64_t bytes;        /**< With its header, which lies in the 8 bytes in front of the offset. */
  uint32_t used;
  uint32_t reserved;
} ep_block;

/** Blocks in order of address. Returns how many there are; writes at most `capacity`. */
EP_API uint32_t ep_pool_blocks(ep_pool* pool, ep_block* blocks, uint32_t capacity);

/** Makes the n-th allocation from now (from 1) fail, once; 0 switches it off. A resize counts as
 *  one. For tests. */
EP_API void ep_pool_fail_nth(ep_pool* pool, uint64_t n);

/* ── Recording ───────────────────────────────────────────────────────────────────────────────── */

typedef enum ep_phase {
  EP_PHASE_NONE = 0,
  EP_PHASE_READ = 1,
  EP_PHASE_INTERPRETER = 2,
  EP_PHASE_DELEGATE = 3,
  EP_PHASE_TENSORS = 4,
  EP_PHASE_FIRST_INVOKE = 5,
  EP_PHASE_INVOKE = 6,
  EP_PHASE_UNLOAD = 7,
} ep_phase;

typedef enum ep_operation { EP_OP_ALLOC = 1, EP_OP_FREE = 2, EP_OP_RESIZE = 3 } ep_operation;

typedef struct ep_record {
  uint64_t time_ns;
  uint64_t offset_bytes;     /**< The block, from the start of the window. */
  uint64_t old_offset_bytes; /**< EP_OP_RESIZE: where it was. */
  uint64_t bytes;            /**< Requested; 0 for EP_OP_FREE. */
  uint32_t alignment;
  uint32_t thread_id;
  uint8_t operation; /**< ep_operation */
  uint8_t phase;     /**< ep_phase */
  uint8_t reserved[6];
} ep_record;

/** Starts to record every operation on the pool, at most `capacity` of them, outside the region.
 *  What was recorded before is dropped; 0 ends recording. */
EP_API int32_t ep_pool_record(ep_pool* pool, uint32_t capacity, ep_error* error);

/** Copies at most `capacity` records from the first on; returns how many were made, also those past
 *  the recording's capacity, so that a loss shows. */
EP_API uint32_t ep_pool_records(ep_pool* pool, ep_record* records, uint32_t capacity);

/* ── Runtime ─────────────────────────────────────────────────────────────────────────────────── */

typedef struct ep_runtime ep_runtime;

typedef struct ep_runtime_options {
  const char* library_path;  /**< A shared library with the TensorFlow Lite C API. */
  uint64_t pool_quota_bytes; /**< Of the pool "runtime"; 0: 8 MiB. */
} ep_runtime_options;

typedef struct ep_runtime_stats {
  char version[32];
  uint32_t entries_runtime; /**< Relocations re-pointed in the runtime and what it needs. */
  uint32_t entries_cxx;     /**< Relocations re-pointed in libstdc++. */
  uint32_t libraries;       /**< Libraries patched. */
  uint32_t has_xnnpack;
  uint64_t pool_allocations;    /**< By the runtime, in some pool. */
  uint64_t foreign_allocations; /**< By the runtime, on a thread outside every pool. */
  uint64_t foreign_bytes;
} ep_runtime_stats;

/**
 * Opens the library, re-points its allocator entries and warms it up with a first load inside the
 * pool "runtime". Once a process and library: a second open with the same path shares it.
 * Fails with EP_E_LIBRARY, EP_E_BIND, or as ep_pool_create does. The library is never unloaded.
 */
EP_API int32_t ep_runtime_open(ep_region* region, const ep_runtime_options* options,
                               ep_runtime** out, ep_error* error);

/** EP_E_BUSY iff a model is left. The library stays loaded and bound, its pool stays. */
EP_API int32_t ep_runtime_close(ep_runtime* runtime, ep_error* error);

EP_API void ep_runtime_get_stats(ep_runtime* runtime, ep_runtime_stats* out);

/** The pool "runtime", owned by the runtime. */
EP_API ep_pool* ep_runtime_pool(ep_runtime* runtime);

/* ── Model ───────────────────────────────────────────────────────────────────────────────────── */

typedef struct ep_model ep_model;

/** EP_DELEGATE_AUTO: XNNPACK with the quantised operators the file can use, then with fewer, then
 *  without, until the runtime takes the model. The others: exactly that or EP_E_REFUSED. */
typedef enum ep_delegate {
  EP_DELEGATE_AUTO = 0,
  EP_DELEGATE_NONE = 1,
  EP_DELEGATE_XNNPACK = 2, /**< Float operators only. */
  EP_DELEGATE_XNNPACK_QS8 = 3,
  EP_DELEGATE_XNNPACK_QU8 = 4,
  EP_DELEGATE_XNNPACK_QS8_QU8 = 5,
  EP_DELEGATE_EXTERNAL = 6, /**< That of `delegate_library`, an NPU's for example. */
} ep_delegate;

typedef struct ep_model_options {
  const char* name; /**< At most 63 bytes; stands in messages. */
  const char* path; /**< The file; or NULL, and `bytes` is copied into the pool. */
  const void* bytes;
  uint64_t size_bytes;     /**< Of `bytes`. */
  uint64_t max_file_bytes; /**< 0: 1 GiB. */
  uint32_t threads;        /**< 1 to 64; 0: 1. */
  uint32_t delegate;       /**< ep_delegate */
  /** EP_DELEGATE_EXTERNAL: a library with tflite_plugin_create_delegate and _destroy_delegate. What
   * it allocates for the model lies in the model's pool; what threads of its own allocate is
   * counted as foreign (ep_runtime_stats); memory that it maps itself is not seen. Never unloaded.
   */
  const char* delegate_library;
  const char* delegate_options; /**< Lines of `key=value` for it, or NULL. */
} ep_model_options;

typedef enum ep_type {
  EP_TYPE_NONE = 0,
  EP_TYPE_FLOAT32 = 1,
  EP_TYPE_INT32 = 2,
  EP_TYPE_UINT8 = 3,
  EP_TYPE_INT64 = 4,
  EP_TYPE_STRING = 5,
  EP_TYPE_BOOL = 6,
  EP_TYPE_INT16 = 7,
  EP_TYPE_COMPLEX64 = 8,
  EP_TYPE_INT8 = 9,
  EP_TYPE_FLOAT16 = 10,
  EP_TYPE_FLOAT64 = 11,
} ep_type; /**< The numbers are those of TfLiteType (tensorflow/lite/c/c_api_types.h). */

typedef struct ep_tensor_info {
  char name[128];
  int32_t type; /**< ep_type */
  int32_t rank;
  int32_t shape[8];
  uint64_t bytes;
  float scale; /**< 0 where the tensor is not quantised per tensor. */
  int32_t zero_point;
} ep_tensor_info;

typedef struct ep_model_info {
  uint32_t inputs;
  uint32_t outputs;
  uint32_t threads;
  uint32_t delegate;       /**< ep_delegate that the model got; never EP_DELEGATE_AUTO. */
  uint32_t delegate_tried; /**< The first one tried; differs where the runtime refused it. */
  uint32_t attempts;       /**< 1 where the first was taken. */
  uint32_t open_size;      /**< 1 iff the file leaves height and width of the first input open. */
  uint32_t reserved;
  uint64_t file_bytes;
  uint64_t load_ns; /**< From the call to ready, mapping and first invoke included. */
  uint64_t map_ns;  /**< Its parts: */
  uint64_t read_ns;
  uint64_t check_ns;
  uint64_t interpreter_ns; /**< All attempts. */
  uint64_t delegate_ns;
  uint64_t tensors_ns;
  uint64_t first_invoke_ns;
  uint64_t
      load_minor_faults; /**< Of the loading thread, the first touch of its own stack left out. */
} ep_model_info;

typedef struct ep_invoke_stats {
  uint64_t duration_ns;
  uint64_t minor_faults; /**< Of the calling thread. */
  uint64_t major_faults;
  uint64_t pool_allocations; /**< In the model's pool, by any thread. */
} ep_invoke_stats;

/**
 * Checks a file's bytes without a runtime: magic, FlatBuffers bounds and alignment, version, tensor
 * and buffer indices, shapes with checked products, constant sizes, operator indices and codes.
 * Fails iff one does not hold (EP_E_FILE, EP_E_NOT_A_MODEL, EP_E_MALFORMED, EP_E_UNSUPPORTED).
 * Format: tensorflow/lite/schema/schema.fbs. Cost: linear in tables, never reads weights.
 */
EP_API int32_t ep_model_check_file(const char* path, uint64_t max_file_bytes, ep_error* error);
EP_API int32_t ep_model_check_bytes(const char* name, const void* bytes, uint64_t size_bytes,
                                    ep_error* error);

/**
 * Loads a model with all that the runtime allocates for it into `pool`, up to and including one
 * warm-up invoke on a zeroed input. `pool` NULL: nothing is pooled, for comparisons.
 *
 * Fails iff the check of the file fails, the runtime refuses the model (EP_E_REFUSED), an
 * allocation does not fit (EP_E_POOL_FULL, EP_E_REGION_FULL, EP_E_MAPPINGS with the three figures)
 * or the warm-up invoke fails (EP_E_INVOKE). Then the pool is empty again and everything else is
 * untouched. EP_E_BUSY iff the pool holds a model already, EP_E_STATE iff it holds other blocks.
 * Any thread; blocks; loads into different pools may run at the same time.
 */
EP_API int32_t ep_model_load(ep_runtime* runtime, ep_pool* pool, const ep_model_options* options,
                             ep_model** out, ep_error* error);

/** Deletes interpreter and delegate, waits for every thread started in the pool's scope, and with
 *  `reset` drops the pool's blocks. Without it the pool is left as the runtime left it, which is
 *  empty: EP_E_STATE iff a block was left behind (it is dropped all the same). One that is parked
 * is restored first; where that fails nothing has happened. One that is away is forgotten, whatever
 * `reset` is: threads that sleep in its pool are ended, and what its delegate has in the runtime's
 * pool stays there for good, some kilobytes and its threads. */
EP_API int32_t ep_model_unload(ep_model* model, int32_t reset, ep_error* error);

EP_API void ep_model_get_info(ep_model* model, ep_model_info* out);
/** EP_E_ARGUMENT iff there is no such tensor, EP_E_STATE iff the model is parked. */
EP_API int32_t ep_model_input_info(ep_model* model, uint32_t index, ep_tensor_info* out);
EP_API int32_t ep_model_output_info(ep_model* model, uint32_t index, ep_tensor_info* out);
/** Copies exactly the tensor's bytes; EP_E_ARGUMENT iff `size_bytes` differs. */
EP_API int32_t ep_model_write_input(ep_model* model, uint32_t index, const void* bytes,
                                    uint64_t size_bytes, ep_error* error);
EP_API int32_t ep_model_read_output(ep_model* model, uint32_t index, void* bytes,
                                    uint64_t size_bytes, ep_error* error);

/** Changes an input's shape; the arena follows inside the quota, and shrinks again with a smaller
 *  shape, for which the graph is made anew. On failure the old shape holds. */
EP_API int32_t ep_model_resize_input(ep_model* model, uint32_t index, const int32_t* shape,
                                     uint32_t rank, ep_error* error);

/** Runs the model once on the calling thread, in the pool's scope. Fails iff the runtime does
 *  (EP_E_INVOKE) or an allocation does not fit (EP_E_POOL_FULL, EP_E_REGION_FULL, EP_E_MAPPINGS);
 *  then the outputs are not to be used, and the model may be run again. */
EP_API int32_t ep_model_invoke(ep_model* model, ep_invoke_stats* stats, ep_error* error);

/* ── Parking ─────────────────────────────────────────────────────────────────────────────────── */

/** Where a model's memory is. Parked in any way, every call on the model but those below,
 *  ep_model_get_info and ep_model_unload is refused with EP_E_STATE. */
typedef enum ep_residence {
  EP_RESIDENT = 0,
  EP_PARKED = 1, /**< Whole and in its place; the region may pack it. */
  EP_PACKED =
      2,       /**< What is live lies side by side at the start; the rest is the region's again. */
  EP_AWAY = 3, /**< Nothing of it is in the region; its addresses are kept. */
} ep_residence;

typedef struct ep_parking {
  uint32_t residence;    /**< ep_residence */
  uint32_t threads;      /**< Of its pool, asleep while it is parked. */
  uint64_t held_bytes;   /**< Of the region, now. */
  uint64_t window_bytes; /**< Of the region, once it is restored. */
  uint64_t live_bytes;   /**< With the heap's own words and small holes; 0: resident. */
  uint64_t packed_bytes; /**< The same, less where it is compressed. */
  uint64_t parks;
  uint64_t restores;
  uint64_t park_ns; /**< Of the last one each, waiting included. Packing: by ep_model_pack. */
  uint64_t pack_ns;
  uint64_t restore_ns;
  uint64_t moved_bytes; /**< By the last restore. */
  uint64_t generation;  /**< Of the last parking: no two of this process share one. */
} ep_parking;

/**
 * Parks an idle model: nobody in a call on it, no frame handed to a worker for it, every thread
 * that was started in its pool's scope asleep in a futex without a limit of time
 * (/proc/self/task/TID/syscall). Waits for that at most `patience_ns`; then EP_E_BUSY, the message
 * says what was in the way, and nothing has happened. Calls that come while its threads are looked
 * at wait for some microseconds. EP_E_STATE iff it is parked, has no pool, or runs on an external
 * delegate, whose threads and devices are not seen.
 *
 * Its memory stays where it is, mapped, and restoring costs nothing but a lock, unless somebody
 * needs chunks that the region does not have: pools that are made or grow then have the pools that
 * lie parked packed, the one parked first first, iff together they hold enough.
 *
 * Its pool refuses to allocate, grow or be checked meanwhile, and its figures are those from
 * before.
 *
 * Parking, packing, restoring and the calls below: one thread at a time for each model.
 */
EP_API int32_t ep_model_park(ep_model* model, uint64_t patience_ns, ep_error* error);

/** Packs a parked model now. What is live moves down in its window, in order, over what is free,
 * and is compressed there where the region says so; chunks behind it go back to the region. Cost: a
 *  copy of what moves, and compressing it. EP_E_STATE iff it is not parked, or has threads and lies
 *  on hugetlb pages. */
EP_API int32_t ep_model_pack(ep_model* model, ep_error* error);

/** Makes a parked or packed model resident again: the same bytes at the same addresses. Cost:
 *  parked, a lock; packed, a copy of what has moved, expanding what is compressed, and mapping.
 *  EP_E_REGION_FULL or EP_E_MAPPINGS iff the chunks cannot be had, EP_E_STATE iff it is resident or
 *  away: then nothing has changed.
 */
EP_API int32_t ep_model_restore(ep_model* model, ep_error* error);

/** Any thread, any time. */
EP_API void ep_model_get_parking(ep_model* model, ep_parking* out);

/** Copies bytes of a packed model out: it is `packed_bytes` long. EP_E_STATE iff it is not packed,
 *  EP_E_ARGUMENT beyond its end. */
EP_API int32_t ep_model_read_packed(ep_model* model, uint64_t offset_bytes, void* bytes,
                                    uint64_t size_bytes, ep_error* error);

/** Gives all chunks of a packed model back, whose bytes have been read. EP_E_STATE iff it is not
 *  packed. */
EP_API int32_t ep_model_send_away(ep_model* model, ep_error* error);

/** Brings bytes of a model that is away back, in order from 0 on; 0 starts again. With the first it
 *  has its chunks again, with the last it is packed. The bytes must be those that were read, to the
 *  bit: they hold addresses of code, so whoever fetches them from where others can write must prove
 *  it first. EP_E_REGION_FULL iff there are no chunks, EP_E_STATE iff it is not away,
 *  EP_E_ARGUMENT out of order or beyond the end. */
EP_API int32_t ep_model_write_packed(ep_model* model, uint64_t offset_bytes, const void* bytes,
                                     uint64_t size_bytes, ep_error* error);

/** The live bytes of each sealed piece but the last, which has the rest. */
#define EP_SEALED_PIECE_BYTES 1048576u
/** By how much a piece is longer when it is sealed. */
#define EP_SEAL_BYTES 16u

/** How long piece `number` (from 0) of a packed model, or of one that is away, is when it is
 * sealed; 0 iff there is none. Any thread, any time. */
EP_API uint64_t ep_model_sealed_bytes(ep_model* model, uint32_t number);

/**
 * For bytes that leave the process: piece `number` (from 0) of a packed model, encrypted and
 * authenticated (ChaCha20-Poly1305, RFC 8439) under a key that this process has drawn for itself
 * and that dies with it. It is bound to the model, the `place` (0 to 255) it is meant for, the
 * parking's generation, its number and its length. `size_bytes` is ep_model_sealed_bytes.
 *
 * EP_E_STATE iff the model is not packed, EP_E_ARGUMENT iff there is no such piece or the size
 * differs, EP_E_LIBRARY iff libcrypto.so.3 is not there.
 */
EP_API int32_t ep_model_seal_piece(ep_model* model, uint32_t place, uint32_t number, void* sealed,
                                   uint64_t size_bytes, ep_error* error);

/** Sets `kept` to 1 iff piece `number` of a packed model has the very bytes with which it was
 * sealed last, and that was for this place: then what was sealed is the piece of this parking too,
 * and who still has it need not have it sealed again. Else to 0, and nothing has changed. The bytes
 * are compared by a keyed fingerprint (Poly1305) that stays in the process. Cost: one pass over
 * them. Fails as ep_model_seal_piece does. */
EP_API int32_t ep_model_keep_piece(ep_model* model, uint32_t place, uint32_t number, uint32_t* kept,
                                   ep_error* error);

/** As ep_model_write_packed, for a sealed piece, which may come from anywhere: EP_E_SEAL iff it is
 *  not to the bit the one that this process has sealed or kept for this model, place, parking and
 *  number; then it may be tried again with another. */
EP_API int32_t ep_model_unseal_piece(ep_model* model, uint32_t place, uint32_t number,
                                     const void* sealed, uint64_t size_bytes, ep_error* error);

/* ── Frames ──────────────────────────────────────────────────────────────────────────────────── */

/** Pixel formats of a slot. RGB24 is R, G, B in memory. */
typedef enum ep_pixels {
  EP_PIXELS_RGB24 = 1,
  EP_PIXELS_I420 = 2,
  EP_PIXELS_NV12 = 3,
  EP_PIXELS_YUYV = 4,
  EP_PIXELS_J420 =
      5, /**< I420 of full range, as JPEG has it. The other YUV formats: BT.601 video. */
} ep_pixels;

/** How a frame is laid into an input of another shape. */
typedef enum ep_fit { EP_FIT_STRETCH = 0, EP_FIT_CROP = 1, EP_FIT_LETTERBOX = 2 } ep_fit;

/**
 * From pixels to an input tensor: real = (pixel - mean[c]) / std[c], then quantised with the
 * tensor's own scale and zero point. `automatic` 1: integer inputs take (real range) 0..255 laid on
 * their integer range one to one; float inputs take mean 127.5, std 127.5.
 */
typedef struct ep_convert_options {
  uint32_t fit; /**< ep_fit */
  uint32_t automatic;
  float mean[3];
  float std[3];
} ep_convert_options;

typedef struct ep_frame {
  uint32_t width;
  uint32_t height;
  uint32_t pixels; /**< ep_pixels */
  uint32_t slot;
  uint64_t number; /**< From 1, at the source; a gap is a frame lost there. */
  uint64_t captured_ns;
  uint64_t bytes;
} ep_frame;

/** What happened on a native thread and is for the app to know. Fixed size, written in order. */
typedef enum ep_event_kind {
  EP_EVENT_FRAME = 1,  /**< A frame is in `slot`, held once for the reader of this event. */
  EP_EVENT_RESULT = 2, /**< A model has answered (or failed: `status`); its slot was released. */
  EP_EVENT_SOURCE_DROP = 3,  /**< The source had no free slot for frame `number`. */
  EP_EVENT_SOURCE_ERROR = 4, /**< `status` and `message`; the source goes on if it can. */
  EP_EVENT_SOURCE_END = 5,
} ep_event_kind;

typedef struct ep_event {
  uint32_t kind; /**< ep_event_kind */
  int32_t status;
  uint64_t tag; /**< The source's or the submission's. */
  ep_frame frame;
  uint64_t submitted_ns;
  uint64_t started_ns;   /**< The worker took it. */
  uint64_t converted_ns; /**< The input tensor was full. */
  uint64_t finished_ns;
  uint64_t minor_faults; /**< Of the worker, conversion and invoke together. */
  uint64_t bytes_copied; /**< Frame bytes copied before conversion. */
  char message[128];     /**< EP_EVENT_FRAME of a folder: the file's name. */
} ep_event;

typedef struct ep_events ep_events;

/** A bounded queue from native threads to the app's event loop. `*read_fd` is the reading end of a
 *  pipe that becomes readable when there is something to drain; the app reads and closes it. */
EP_API int32_t ep_events_create(uint32_t capacity, ep_events** out, int32_t* read_fd,
                                ep_error* error);
/** Every source and worker that writes to it must be stopped first. */
EP_API void ep_events_destroy(ep_events* events);
/** Moves at most `capacity` events out; returns how many. One thread at a time. */
EP_API uint32_t ep_events_drain(ep_events* events, ep_event* out, uint32_t capacity);

typedef struct ep_ring ep_ring;

/** `slots` slots of `slot_bytes` in `pool`. Each slot is free, being filled, or held n times. */
EP_API int32_t ep_ring_create(ep_pool* pool, uint32_t slots, uint64_t slot_bytes, ep_ring** out,
                              ep_error* error);
/** Slots hold frames of at most `slot_bytes` from now on: they grow in place, those that are in use
 *  too, or shrink, those that are in use some time after they are free. No pointer moves. On
 * failure (as ep_pool_grow, or EP_E_ARGUMENT beyond a slot's window: 32 MiB, or what the ring was
 * made with where that is more) the former size holds. A source whose frames vary lets slots follow
 * them below that size. */
EP_API int32_t ep_ring_fit(ep_ring* ring, uint64_t slot_bytes, ep_error* error);
/** EP_E_BUSY iff a slot is held or being filled. */
EP_API int32_t ep_ring_destroy(ep_ring* ring, ep_error* error);
/** Another holder of a held slot. Any thread. EP_E_STATE iff it is not held. */
EP_API int32_t ep_ring_retain(ep_ring* ring, uint32_t slot);
EP_API int32_t ep_ring_release(ep_ring* ring, uint32_t slot);
/** The slot's pixels, valid while it is held. */
EP_API void* ep_ring_slot(ep_ring* ring, uint32_t slot);
/** How many slots are held or being filled now. */
EP_API uint32_t ep_ring_held(ep_ring* ring);

typedef enum ep_source_kind {
  EP_SOURCE_PATTERN = 1,
  EP_SOURCE_STILL = 2,
  EP_SOURCE_V4L2 = 3, /**< A camera: frames when it has them, with the kernel's time of each. */
  EP_SOURCE_Y4M = 4,  /**< A YUV4MPEG2 file of 4:2:0 or 4:2:2, at its own rate, once. */
  EP_SOURCE_GST = 5,  /**< A GStreamer pipeline, where the build has it (EP_E_UNSUPPORTED else). A
                         live one as a camera, another as a file: every frame, once. */
} ep_source_kind;

typedef struct ep_source_options {
  uint32_t kind;  /**< ep_source_kind */
  uint32_t width; /**< Pattern: 16 to 4096. V4L2: what the camera offers; 0: its own. Else 0. */
  uint32_t height;
  uint32_t seed;       /**< Pattern: of its shapes and paths. */
  double fps;          /**< 0.1 to 240. */
  const char* path;    /**< Still: a JPEG or BMP file, or a folder of them in order of name. V4L2:
                          the device. Y4M: the file. Gst: the pipeline as gst-launch-1.0
                          takes it, without its sink. */
  uint64_t tag;        /**< Comes back in every event. */
  double each_seconds; /**< Still folder: how long each picture stands; 0: one frame. */
  uint32_t awaited;    /**< V4L2: 1: a camera that is absent or busy is waited for. Else 0. */
  uint32_t reserved;
} ep_source_options;

typedef struct ep_source ep_source;

/** Size in bytes of the largest frame that the source will give: what a slot must hold. Of a camera
 *  that is absent, busy (EP_E_BUSY), no camera or without the size (EP_E_ARGUMENT, the nearest are
 *  named) it fails. One that is awaited and away is taken at its word, in the largest format. */
EP_API int32_t ep_source_probe(const ep_source_options* options, ep_frame* largest,
                               ep_error* error);

/** Frames a second that such a source would give: a clip's or a camera's own, else those that are
 *  asked for. Fails as ep_source_probe. */
EP_API int32_t ep_source_rate(const ep_source_options* options, double* fps, ep_error* error);

/** What kind of shape the pattern has drawn. */
typedef enum ep_shape_kind {
  EP_SHAPE_DISC = 0,
  EP_SHAPE_SQUARE = 1,
  EP_SHAPE_TRIANGLE = 2,
  EP_SHAPE_DIAMOND = 3,
} ep_shape_kind;

/** A shape of the pattern; its box is a square, in pixels of the frame. */
typedef struct ep_shape {
  uint32_t kind; /**< ep_shape_kind */
  uint32_t x;
  uint32_t y;
  uint32_t side;
  float visible; /**< The share of it that no later shape covers, to some 1 %. */
  uint8_t red;
  uint8_t green;
  uint8_t blue;
  uint8_t reserved;
} ep_shape;

/** The truth of a pattern's frame: its shapes, the topmost last. Returns how many there are; writes
 *  at most `capacity`. 0 where the pattern would refuse the size. Any thread. */
EP_API uint32_t ep_pattern_truth(uint32_t seed, uint64_t number, uint32_t width, uint32_t height,
                                 ep_shape* shapes, uint32_t capacity);

/** Starts a capture thread that fills free slots at the frame rate by an absolute clock, or as a
 *  camera gives frames. A camera that is unplugged, fails or stalls is reported in one
 *  EP_EVENT_SOURCE_ERROR and opened again with a back-off of 0.25 to 5 s; the first frame after it
 *  is preceded by one of status EP_OK. So is one that is awaited and away at the start. When what
 *  comes is no such camera, that is reported once too. A frame that cannot be decoded is reported
 *  and skipped. */
EP_API int32_t ep_source_start(ep_ring* ring, ep_events* events, const ep_source_options* options,
                               ep_source** out, ep_error* error);
/** How a running source's frames come into slots, in words: `dmabuf`, or `mmap: ` and why a camera
 *  does not write into slots by itself. Empty where there is nothing to say. At most `capacity`
 *  bytes with the end. Any thread. */
EP_API void ep_source_way(ep_source* source, char* text, uint32_t capacity);
/** Ends and joins the thread; safe on one that ended by itself. */
EP_API int32_t ep_source_stop(ep_source* source, ep_error* error);

typedef struct ep_recorder ep_recorder;

typedef struct ep_recorder_options {
  const char* path;   /**< Must not exist yet. */
  double fps;         /**< Written into the file. 0.1 to 240. */
  uint64_t max_bytes; /**< The file grows no larger; at least 1. */
  uint32_t waiting;   /**< Frames that may wait for the disk, each in its slot: 1 to 64. */
  uint32_t reserved;
} ep_recorder_options;

typedef enum ep_recorder_state {
  EP_RECORDER_ON = 0,
  EP_RECORDER_FULL = 1,   /**< `max_bytes` is reached; what is in the file is whole. */
  EP_RECORDER_FAILED = 2, /**< `message` says why; the file ends with its last whole frame. */
} ep_recorder_state;

typedef struct ep_recorder_stats {
  uint64_t frames;  /**< In the file. */
  uint64_t dropped; /**< Offered and not in the file, before it was full. */
  uint64_t bytes;   /**< Of the file. */
  uint32_t state;   /**< ep_recorder_state */
  uint32_t reserved;
  char message[256];
} ep_recorder_stats;

/** Keeps frames of a ring in a YUV4MPEG2 file that an EP_SOURCE_Y4M gives back bit for bit. A
 * thread of its own writes them from their slots. EP_E_FILE iff the file exists or cannot be made.
 */
EP_API int32_t ep_recorder_start(ep_ring* ring, const ep_recorder_options* options,
                                 ep_recorder** out, ep_error* error);
/** Adds a holder to a held slot until its frame is written. Never waits; one thread at a time. Not
 *  recorded, and counted: EP_E_BUSY where the disk is behind, EP_E_ARGUMENT where the frame's size
 * or format is not that of the first, EP_E_STATE after a failure. EP_E_STATE uncounted once full.
 */
EP_API int32_t ep_recorder_offer(ep_recorder* recorder, const ep_frame* frame, ep_error* error);
/** Any thread. */
EP_API void ep_recorder_get_stats(ep_recorder* recorder, ep_recorder_stats* out);
/** Writes what waits and ends the thread. A file without a frame is removed. Stays readable by
 *  ep_recorder_get_stats; safe twice. */
EP_API int32_t ep_recorder_stop(ep_recorder* recorder, ep_error* error);
/** Stops it, too. Before its ring is destroyed. */
EP_API void ep_recorder_destroy(ep_recorder* recorder);

/** Converts one frame into input `index` of a model on the calling thread: resize, colour, quantise
 *  straight into the tensor (libyuv). EP_E_ARGUMENT iff the input is not 1 x h x w x 3 (or 1) of
 *  float32, int8 or uint8. */
EP_API int32_t ep_convert(const void* pixels, const ep_frame* frame, ep_model* model,
                          uint32_t index, const ep_convert_options* options, ep_error* error);

/** Decodes a JPEG or BMP into RGB24. `capacity` 0 asks for the size only. */
EP_API int32_t ep_picture_decode(const char* path, void* rgb, uint64_t capacity, ep_frame* out,
                                 ep_error* error);

/**
 * Makes a JPEG of a frame, at most `width` pixels wide, in `jpeg`, and writes its length into
 * `bytes`. `capacity` must hold the worst case, some 3 bytes a pixel and 2 KiB. The frame's slot
 * must be held. Any thread; allocates outside of the region, so it is for people who look, not for
 * threads that work on frames. EP_E_ARGUMENT iff something is missing or the room too small.
 */
EP_API int32_t ep_preview(const void* pixels, const ep_frame* frame, uint32_t width, void* jpeg,
                          uint64_t capacity, uint64_t* bytes, ep_error* error);

typedef struct ep_worker ep_worker;

/** A thread that runs models one frame at a time, its stack touched in full. `name` as the kernel
 *  shows it, at most 15 bytes. */
EP_API int32_t ep_worker_create(ep_events* events, const char* name, ep_worker** out,
                                ep_error* error);

/**
 * Hands one frame over: the worker converts it into input 0, invokes the model, releases the slot
 * and writes an EP_EVENT_RESULT with `tag`. The slot must be held; that hold passes to the worker.
 * Never blocks. EP_E_BUSY iff the last one was not answered yet. Between the event and the next
 * submission the model's outputs may be read.
 */
EP_API int32_t ep_worker_submit(ep_worker* worker, ep_model* model, ep_ring* ring,
                                const ep_frame* frame, const ep_convert_options* options,
                                uint64_t tag, ep_error* error);
/** Waits for the frame in work, then ends the thread. */
EP_API int32_t ep_worker_destroy(ep_worker* worker, ep_error* error);

/** Where and how eagerly a thread runs. */
typedef struct ep_thread_options {
  uint64_t cpus;     /**< Bit n: on processor n. 0: wherever it may now. */
  uint32_t realtime; /**< SCHED_FIFO with this priority, 1 to 99; 0: an ordinary thread. */
  int32_t nice;      /**< 0 to 19, of an ordinary thread: a higher one yields to a lower one. */
} ep_thread_options;

/** The kernel's id of the thread; 0 where it has ended. */
EP_API int32_t ep_worker_thread(ep_worker* worker);
EP_API int32_t ep_source_thread(ep_source* source);
/** EP_E_SYSTEM iff the system refuses; the message names the limit that stands in the way
 *  (RLIMIT_RTPRIO, RLIMIT_NICE, the cpuset) and what it is. Any thread. */
EP_API int32_t ep_thread_schedule(int32_t thread, const ep_thread_options* options,
                                  ep_error* error);

/* ── Witness ─────────────────────────────────────────────────────────────────────────────────── */

typedef struct ep_thread_stats {
  uint32_t threads; /**< Workers, captures and threads started in a pool's scope, now. */
  uint32_t reserved;
  uint64_t minor_faults; /**< Of them all since each began, those that ended included. */
  uint64_t major_faults;
} ep_thread_stats;

/** From /proc/self/task: the faults of every thread that captures, converts or runs a model. */
EP_API int32_t ep_threads_get_stats(ep_thread_stats* out, ep_error* error);

/* ── Child ───────────────────────────────────────────────────────────────────────────────────── */

typedef struct ep_child {
  int32_t pid;
  int32_t output_fd; /**< To read its standard output from; the caller closes it. */
  int32_t errors_fd; /**< Its standard error, likewise. */
  int32_t reserved;
} ep_child;

typedef struct ep_child_end {
  int32_t exit_status; /**< -1 where a signal ended it. */
  int32_t signal;      /**< 0 where none did. */
} ep_child_end;

/**
 * Starts a program beside this one, with nothing on its standard input. By posix_spawn, which
 * copies nothing of this process: after a fork, which does, every thread faults once on each page
 * of its own memory that it writes to. `words` are the program's, its name first; `environment` is
 * `NAME=value` each, NULL: as this process has it; both end with NULL. EP_E_SYSTEM iff the system
 * refuses. Cost: the time until the program has begun.
 */
EP_API int32_t ep_child_start(const char* path, const char* const* words,
                              const char* const* environment, ep_child* out, ep_error* error);

/** Waits for the end of a child that ep_child_start began; once for each. */
EP_API int32_t ep_child_wait(int32_t pid, ep_child_end* out, ep_error* error);

/* ── Service manager ─────────────────────────────────────────────────────────────────────────── */

/**
 * Sends `text`, the lines of sd_notify(3), in one datagram to a Unix socket: `address` is its path,
 * or `@` and an abstract name, as NOTIFY_SOCKET has it. Does not wait. EP_E_ARGUMENT iff it is
 * neither; EP_E_SYSTEM iff nobody listens there, or the receiver's queue is full. Any thread.
 */
EP_API int32_t ep_notify(const char* address, const char* text, ep_error* error);

#ifdef __cplusplus
}
#endif

#endif /* EDGEPOOL_H */
