# Region, pools, heap, recording.
list(APPEND EP_SOURCES
  src/blocks.cpp
  src/chunks.cpp
  src/compressor.cpp
  src/crypto_library.cpp
  src/error.cpp
  src/heap.cpp
  src/heap_check.cpp
  src/heap_range.cpp
  src/limits.cpp
  src/master.cpp
  src/own_library.cpp
  src/packing.cpp
  src/parked_pools.cpp
  src/pool.cpp
  src/pool_abi.cpp
  src/pool_park.cpp
  src/pool_part.cpp
  src/record.cpp
  src/region.cpp
  src/region_lend.cpp
  src/seal.cpp
  src/windows.cpp)
list(APPEND EP_TESTS
  test/blocks_test.cpp
  test/ends_test.cpp
  test/heap_damage_test.cpp
  test/heap_test.cpp
  test/limits_test.cpp
  test/pool_park_test.cpp
  test/pool_test.cpp
  test/pool_threads_test.cpp
  test/record_test.cpp
  test/region_test.cpp)
list(APPEND EP_KERNEL_TESTS
  test/region_kernel_test.cpp
  test/region_lend_test.cpp
  test/region_limits_test.cpp)

# Every allocation of every model goes through these: worth their size.
set_source_files_properties(src/heap.cpp src/pool.cpp PROPERTIES COMPILE_OPTIONS -O3)
