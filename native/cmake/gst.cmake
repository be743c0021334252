# The module for `gst:` sources, beside the library, which opens it when such a source is asked for:
# the library itself needs neither GStreamer nor GLib. Left out where GStreamer is not found.
option(EP_GSTREAMER "Build the module for gst: sources where GStreamer is found" ON)
set(EP_HAS_GSTREAMER OFF)
if(EP_GSTREAMER)
  find_package(PkgConfig QUIET)
  if(PKG_CONFIG_FOUND)
    pkg_check_modules(GSTREAMER QUIET IMPORTED_TARGET
                      gstreamer-1.0 gstreamer-app-1.0 gstreamer-video-1.0)
    set(EP_HAS_GSTREAMER ${GSTREAMER_FOUND})
  endif()
endif()

if(EP_HAS_GSTREAMER)
  message(STATUS "gst: sources by GStreamer ${GSTREAMER_gstreamer-1.0_VERSION}")
  # Messages and sizes of frames are the library's own code.
  add_library(edgepool-gst MODULE src/gst_pipeline.cpp src/gst_text.cpp
    "$<FILTER:$<TARGET_OBJECTS:ep_objects>,INCLUDE,/(error|pixels)[.]cpp>")
  target_link_libraries(edgepool-gst PRIVATE ep_settings PkgConfig::GSTREAMER)
  set_target_properties(edgepool-gst PROPERTIES CXX_VISIBILITY_PRESET hidden)
  install(TARGETS edgepool-gst LIBRARY DESTINATION lib)
else()
  message(STATUS "no gst: sources: libgstreamer1.0-dev and libgstreamer-plugins-base1.0-dev bring them")
endif()
