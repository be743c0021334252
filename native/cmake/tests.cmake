# GoogleTest comes from Debian's libgtest-dev: its libraries where they were built for the target,
# else its sources (cross compilation).
if(CMAKE_CROSSCOMPILING)
  set(INSTALL_GTEST OFF)
  set(BUILD_GMOCK OFF)
  add_subdirectory(/usr/src/googletest ${CMAKE_BINARY_DIR}/googletest EXCLUDE_FROM_ALL)
else()
  find_package(GTest REQUIRED)
endif()

function(ep_add_test source)
  get_filename_component(name ${source} NAME_WE)
  add_executable(${name} ${source} ${EP_TEST_SUPPORT})
  target_include_directories(${name} PRIVATE test)
  target_link_libraries(${name} PRIVATE ep_objects ${EP_TEST_LIBS} GTest::gtest_main GTest::gtest)
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
foreach(source ${EP_BOARD_TESTS})
  ep_add_test(${source})
endforeach()

# GLib's locks are none that the thread sanitizer knows.
if(EP_HAS_GSTREAMER AND NOT EP_SANITIZE STREQUAL "thread")
  ep_add_test(test/gst_source_test.cpp)
  target_link_libraries(gst_source_test PRIVATE PkgConfig::GSTREAMER)
  add_dependencies(gst_source_test edgepool-gst)
  ep_run_test(test/gst_source_test.cpp)
  # Only the slow unwinder sees who asked GLib for memory.
  set_tests_properties(gst_source_test PROPERTIES ENVIRONMENT
    "ASAN_OPTIONS=fast_unwind_on_malloc=0;LSAN_OPTIONS=suppressions=${CMAKE_CURRENT_SOURCE_DIR}/test/lsan.supp:print_suppressions=0")
endif()

foreach(source ${EP_KERNEL_TESTS})
  ep_add_test(${source})
  # Emulators and sanitizers stand between a program and the kernel: mlock does nothing, shadow
  # memory faults.
  if(NOT CMAKE_CROSSCOMPILING AND NOT EP_SANITIZE)
    ep_run_test(${source})
  endif()
endforeach()
