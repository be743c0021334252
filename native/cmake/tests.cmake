# GoogleTest comes from Debian's libgtest-dev: its libraries where they were built for the target,
# else its sources (cross compilation).
if(CMAKE_CROSSCOMPILING)
  set(INSTALL_GTEST OFF)
  set(BUILD_GMOCK OFF)
  add_subdirectory(/usr/src/googletest ${CMAKE_BINARY_DIR}/googletest EXCLUDE_FROM_ALL)
else()
  find_package(GTest REQUIRED)
endif()

# Compiled once for all of them.
add_library(ep_test_support OBJECT ${EP_TEST_SUPPORT})
target_include_directories(ep_test_support PUBLIC test)
target_link_libraries(ep_test_support PUBLIC ep_settings ${EP_LIBS} ${EP_TEST_LIBS} GTest::gtest)
# A report shows lines of a test, and no variables: nearly half of what the compiler did.
target_compile_options(ep_test_support PUBLIC -g1)
if(EP_SANITIZE)
  # A test's own checks need not be fast here, and what each includes is compiled once; as a
  # program's code (PIE), or GCC would not take the header for a test. Optimised code with such a
  # header has warnings of the standard library's own.
  target_compile_options(ep_test_support PUBLIC -O0 PRIVATE -fPIE)
  set_target_properties(ep_test_support PROPERTIES POSITION_INDEPENDENT_CODE OFF)
  target_precompile_headers(ep_test_support PRIVATE <gtest/gtest.h>)
  # But for those that compute every pixel a second time, or change a model 200,000 times.
  set_source_files_properties(test/convert_test.cpp test/check_test.cpp
                              PROPERTIES COMPILE_OPTIONS -O2 SKIP_PRECOMPILE_HEADERS ON)
endif()

function(ep_add_test source)
  get_filename_component(name ${source} NAME_WE)
  add_executable(${name} ${source})
  target_link_libraries(${name} PRIVATE ep_objects ep_test_support GTest::gtest_main)
  if(EP_SANITIZE)
    target_precompile_headers(${name} REUSE_FROM ep_test_support)
  endif()
  add_dependencies(${name} ${EP_TEST_PROGRAMS})
endfunction()

function(ep_run_test source)
  get_filename_component(name ${source} NAME_WE)
  # With CMAKE_CROSSCOMPILING_EMULATOR set, CTest runs it through the emulator.
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES TIMEOUT 600)
endfunction()

foreach(source ${EP_TESTS})
  ep_add_test(${source})
  ep_run_test(${source})
endforeach()

# A part of the trial program, which is no part of the library.
target_sources(ends_test PRIVATE tools/ends.cpp)
target_include_directories(ends_test PRIVATE tools)

# Run by the board test in its guest, which has the devices.
if(NOT EP_SANITIZE)
  foreach(source ${EP_BOARD_TESTS})
    ep_add_test(${source})
  endforeach()
endif()

# GLib's locks are none that the thread sanitizer knows.
if(EP_HAS_GSTREAMER AND NOT EP_SANITIZE STREQUAL "thread")
  ep_add_test(test/gst_source_test.cpp)
  target_link_libraries(gst_source_test PRIVATE PkgConfig::GSTREAMER)
  # GStreamer's own flags change what the others' header is compiled with.
  set_target_properties(gst_source_test PROPERTIES DISABLE_PRECOMPILE_HEADERS ON)
  add_dependencies(gst_source_test edgepool-gst)
  ep_run_test(test/gst_source_test.cpp)
  # Only the slow unwinder sees who asked GLib for memory.
  set_tests_properties(gst_source_test PROPERTIES ENVIRONMENT
    "ASAN_OPTIONS=fast_unwind_on_malloc=0;LSAN_OPTIONS=suppressions=${CMAKE_CURRENT_SOURCE_DIR}/test/lsan.supp:print_suppressions=0")
endif()

# Emulators and sanitizers stand between a program and the kernel: mlock does nothing, shadow
# memory faults.
if(NOT CMAKE_CROSSCOMPILING AND NOT EP_SANITIZE)
  foreach(source ${EP_KERNEL_TESTS})
    ep_add_test(${source})
    ep_run_test(${source})
  endforeach()
endif()
