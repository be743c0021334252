# Binder, runtime, models; and what their tests need: fixture libraries and the reference program.
list(APPEND EP_SOURCES
  src/asleep.cpp
  src/binder.cpp
  src/child.cpp
  src/elf_image.cpp
  src/entries.cpp
  src/external_delegate.cpp
  src/graph.cpp
  src/ladder.cpp
  src/model.cpp
  src/model_file.cpp
  src/model_load.cpp
  src/model_park.cpp
  src/model_resize.cpp
  src/model_seal.cpp
  src/notify.cpp
  src/runtime.cpp
  src/runtime_log.cpp
  src/scope.cpp
  src/tflite.cpp
  src/threads.cpp
  src/warmup.cpp)

if(EP_BUILD_TESTS)
  list(APPEND EP_TEST_SUPPORT
    test/runtime_support.cpp
    test/process_support.cpp)
  list(APPEND EP_TESTS test/model_test.cpp test/threads_test.cpp)
  # The thread sanitizer does not know the futexes of the runtime, on which its threads sleep while
  # their memory is moved; pool_park_test is for it.
  if(NOT EP_SANITIZE STREQUAL "thread")
    list(APPEND EP_TESTS test/park_test.cpp test/seal_test.cpp)
  endif()
  # A sanitizer brings an allocator and a C++ runtime of its own, between which and the binder
  # objects cannot be handed over; and it changes the time and memory that the others measure.
  if(NOT EP_SANITIZE)
    list(APPEND EP_TESTS test/binder_test.cpp test/external_delegate_test.cpp test/identity_test.cpp test/refusal_test.cpp)
    list(APPEND EP_KERNEL_TESTS test/cycles_test.cpp test/witness_test.cpp)
  endif()

  add_library(ep_fixture MODULE test/fixtures/allocating_library.cpp)
  target_link_options(ep_fixture PRIVATE -Wl,-z,relro -Wl,-z,now)
  add_library(ep_test_delegate MODULE test/fixtures/test_delegate.cpp)
  add_library(ep_late_fixture MODULE test/fixtures/late_library.cpp)
  add_executable(ep_reference test/fixtures/reference_program.cpp)
  target_link_libraries(ep_reference PRIVATE ${CMAKE_DL_LIBS})
  add_executable(ep_witness test/fixtures/witness_program.cpp)
  target_include_directories(ep_witness PRIVATE include)
  target_link_libraries(ep_witness PRIVATE edgepool)
  list(APPEND EP_TEST_PROGRAMS ep_fixture ep_test_delegate ep_late_fixture ep_reference ep_witness)
  foreach(fixture ${EP_TEST_PROGRAMS})
    target_compile_options(${fixture} PRIVATE -Wall -Wextra -Wpedantic -Werror)
    set_target_properties(${fixture} PROPERTIES CXX_STANDARD 20)
  endforeach()

  if(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64|arm64")
    set(EP_TFLITE_FOLDER linux_arm64)
  else()
    set(EP_TFLITE_FOLDER linux_amd64)
  endif()
  list(JOIN CMAKE_CROSSCOMPILING_EMULATOR " " EP_EMULATOR_COMMAND)
  set_source_files_properties(test/runtime_support.cpp PROPERTIES COMPILE_DEFINITIONS
    "EP_REPOSITORY=\"${CMAKE_CURRENT_SOURCE_DIR}/..\";EP_BUILD=\"${CMAKE_BINARY_DIR}\";EP_EMULATOR=\"${EP_EMULATOR_COMMAND}\";EP_TFLITE_FOLDER=\"${EP_TFLITE_FOLDER}\"")
endif()
