# Events, ring, sources, conversion, worker.
list(APPEND EP_SOURCES
  src/bmp.cpp
  src/camera_slots.cpp
  src/capture.cpp
  src/convert.cpp
  src/convert_abi.cpp
  src/dma_buffer.cpp
  src/events.cpp
  src/frame_memory.cpp
  src/gst_source.cpp
  src/jpeg.cpp
  src/native_thread.cpp
  src/pattern.cpp
  src/picture.cpp
  src/pixels.cpp
  src/preview.cpp
  src/quantise.cpp
  src/recorder.cpp
  src/resample.cpp
  src/ring.cpp
  src/ring_sizes.cpp
  src/source.cpp
  src/still.cpp
  src/thread_schedule.cpp
  src/v4l2_device.cpp
  src/v4l2_offers.cpp
  src/v4l2_source.cpp
  src/worker.cpp
  src/y4m.cpp
  src/y4m_planes.cpp
  src/y4m_source.cpp)
list(APPEND EP_TESTS
  test/capture_test.cpp
  test/convert_test.cpp
  test/dma_buffer_test.cpp
  test/events_test.cpp
  test/jpeg_test.cpp
  test/notify_test.cpp
  test/pattern_test.cpp
  test/picture_test.cpp
  test/preview_test.cpp
  test/recorder_test.cpp
  test/ring_test.cpp
  test/still_test.cpp
  test/thread_schedule_test.cpp
  test/v4l2_offers_test.cpp
  test/worker_test.cpp
  test/y4m_test.cpp)
list(APPEND EP_BOARD_TESTS test/v4l2_test.cpp)
list(APPEND EP_LIBS yuv turbojpeg)

# Its loops over rows are made to be vectorised, which GCC 12 does half-heartedly below -O3.
set_source_files_properties(src/resample.cpp PROPERTIES COMPILE_OPTIONS -O3)
