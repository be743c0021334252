#include "gst_text.hpp"

namespace ep {
namespace {

void make_one_line(std::string* text) {
  for (char& c : *text) {
    if (static_cast<unsigned char>(c) < ' ') c = ' ';
  }
  const size_t last = text->find_last_not_of(" .");
  text->erase(last == std::string::npos ? 0 : last + 1);
}

void hide_passwords(std::string* text) {
  for (size_t at = text->find("//"); at != std::string::npos; at = text->find("//", at + 2)) {
    const size_t end = text->find_first_of(" \"'/@", at + 2);
    if (end != std::string::npos && (*text)[end] == '@') text->replace(at + 2, end - at - 2, "...");
  }
}

/** Of the debugging text the last line, which names the file or the address. */
std::string last_line(const char* detail) {
  std::string text = detail == nullptr ? "" : detail;
  const size_t end = text.rfind('\n');
  if (end == std::string::npos) return {};
  text.erase(0, end + 1);
  return text;
}

}  // namespace

std::string gst_one_line(GError* error) {
  std::string text = error == nullptr ? "GStreamer does not say why" : error->message;
  if (error != nullptr) g_error_free(error);
  make_one_line(&text);
  hide_passwords(&text);
  return text;
}

std::string gst_error_line(GstMessage* message) {
  GError* error = nullptr;
  gchar* debug = nullptr;
  gst_message_parse_error(message, &error, &debug);
  std::string detail = last_line(debug);
  g_free(debug);
  make_one_line(&detail);
  hide_passwords(&detail);
  std::string line = std::string(GST_MESSAGE_SRC_NAME(message)) + ": " + gst_one_line(error);
  return detail.empty() ? line : line + ": " + detail;
}

}  // namespace ep
