// GStreamer's errors as one line that may be shown.
#pragma once

#include <gst/gst.h>

#include <string>

namespace ep {

/** The error's text, which it frees, without line ends and passwords (`rtsp://user:password@host`).
 */
std::string gst_one_line(GError* error);

/** `filesrc0: Resource not found: No such file "a.mkv"`, by the element that it comes from. */
std::string gst_error_line(GstMessage* message);

}  // namespace ep
