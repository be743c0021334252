# The model file checker.
list(APPEND EP_SOURCES
  src/flatbuffer_verifier.cpp
  src/tflite_schema.cpp
  src/check_context.cpp
  src/check_tensor.cpp
  src/check_operator.cpp
  src/check.cpp)
list(APPEND EP_TEST_SUPPORT test/model_writer.cpp)
# One thread, and the slowest of all under the thread sanitizer.
if(NOT EP_SANITIZE STREQUAL "thread")
  list(APPEND EP_TESTS test/check_test.cpp test/check_refusals_test.cpp)
endif()
