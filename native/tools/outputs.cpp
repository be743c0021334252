// Writes what a model answers on one input to a file, or compares it with such a file, so that two
// processors (or two libraries) can be held against each other:
//
//   outputs write   LIBRARY MODEL PICTURE FILE
//   outputs compare LIBRARY MODEL PICTURE FILE [STEPS]
//
// PICTURE is a JPEG or BMP file, or `-` for a computed one. It is scaled by picking pixels, in
// integers, so that both sides see the same bytes. Kernels may round differently: outputs agree
// when the largest element stands at the same index, integers are within STEPS (1) of each other
// and floats within 1e-4, relatively.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <vector>

#include "edgepool.h"

namespace {

constexpr double kRelative = 1e-4;
// Below this share of the largest element, a float's relative error says nothing.
constexpr double kFloor = 1e-3;

struct Tensor {
  ep_tensor_info info{};
  std::vector<uint8_t> bytes;
};

struct Picture {
  uint32_t width = 256;
  uint32_t height = 256;
  std::vector<uint8_t> rgb;
};

// Everything that a run opens, closed in the order that handles ask for.
struct Session {
  ep_region* region = nullptr;
  ep_runtime* runtime = nullptr;
  ep_pool* pool = nullptr;
  ep_model* model = nullptr;

  Session() = default;
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session() {
    if (model != nullptr) ep_model_unload(model, 1, nullptr);
    if (pool != nullptr) ep_pool_destroy(pool, nullptr);
    if (runtime != nullptr) ep_runtime_close(runtime, nullptr);
  }
};

bool Fail(const std::string& message) {
  std::fprintf(stderr, "outputs: %s\n", message.c_str());
  return false;
}

bool Open(const char* library, const char* path, Session* session) {
  std::error_code failed;
  const uint64_t file_bytes = std::filesystem::file_size(path, failed);
  if (failed) return Fail(std::string(path) + ": " + failed.message());
  const uint64_t pool_bytes = file_bytes * 4 + (uint64_t{48} << 20);
  ep_error error{};
  ep_region_options region_options{};
  region_options.capacity_bytes = pool_bytes + (uint64_t{32} << 20);
  region_options.pages = EP_PAGES_ORDINARY;
  ep_runtime_options runtime_options{};
  runtime_options.library_path = library;
  ep_pool_options pool_options{};
  pool_options.name = "model";
  pool_options.quota_bytes = pool_bytes;
  ep_model_options model_options{};
  model_options.path = path;
  const std::string name = std::filesystem::path(path).stem().string();
  model_options.name = name.c_str();
  if (ep_region_create(&region_options, &session->region, &error) != EP_OK ||
      ep_runtime_open(session->region, &runtime_options, &session->runtime, &error) != EP_OK ||
      ep_pool_create(session->region, &pool_options, &session->pool, &error) != EP_OK ||
      ep_model_load(session->runtime, session->pool, &model_options, &session->model, &error) !=
          EP_OK) {
    return Fail(error.message);
  }
  return true;
}

bool LoadPicture(const std::string& path, Picture* picture) {
  if (path == "-") {
    picture->rgb.resize(size_t{3} * picture->width * picture->height);
    uint32_t state = 1;
    for (uint8_t& value : picture->rgb) {
      state = state * 1664525U + 1013904223U;  // Knuth and Lewis, in Numerical Recipes.
      value = static_cast<uint8_t>(state >> 24U);
    }
    return true;
  }
  ep_frame frame{};
  ep_error error{};
  if (ep_picture_decode(path.c_str(), nullptr, 0, &frame, &error) != EP_OK) {
    return Fail(error.message);
  }
  picture->rgb.resize(size_t{3} * frame.width * frame.height);
  if (ep_picture_decode(path.c_str(), picture->rgb.data(), picture->rgb.size(), &frame, &error) !=
      EP_OK) {
    return Fail(error.message);
  }
  picture->width = frame.width;
  picture->height = frame.height;
  return true;
}

// One channel of the pixel that stands at the same place in the picture as (x, y) in the input.
uint8_t Sample(const Picture& picture, uint64_t index, uint32_t width, uint32_t height) {
  const uint64_t channel = index % 3;
  const uint64_t x = index / 3 % width;
  const uint64_t y = index / 3 / width % height;
  const uint64_t source_x = x * picture.width / width;
  const uint64_t source_y = y * picture.height / height;
  return picture.rgb[(source_y * picture.width + source_x) * 3 + channel];
}

bool FillInput(const Picture& picture, ep_model* model, uint32_t index) {
  Tensor input;
  ep_model_input_info(model, index, &input.info);
  const ep_tensor_info& info = input.info;
  const bool image = info.rank == 4 && info.shape[3] == 3;
  const uint32_t height = image ? static_cast<uint32_t>(info.shape[1]) : picture.height;
  const uint32_t width = image ? static_cast<uint32_t>(info.shape[2]) : picture.width;
  input.bytes.resize(info.bytes);
  if (info.type == EP_TYPE_FLOAT32) {
    for (uint64_t i = 0; i < info.bytes / sizeof(float); ++i) {
      const float value = (static_cast<float>(Sample(picture, i, width, height)) - 127.5F) / 127.5F;
      std::memcpy(&input.bytes[i * sizeof value], &value, sizeof value);
    }
  } else {
    const uint8_t flip = info.type == EP_TYPE_INT8 ? 0x80 : 0;
    for (uint64_t i = 0; i < info.bytes; ++i) {
      input.bytes[i] = Sample(picture, i, width, height) ^ flip;
    }
  }
  ep_error error{};
  if (ep_model_write_input(model, index, input.bytes.data(), info.bytes, &error) != EP_OK) {
    return Fail(error.message);
  }
  return true;
}

bool Run(const Picture& picture, ep_model* model, std::vector<Tensor>* outputs) {
  ep_model_info info{};
  ep_model_get_info(model, &info);
  for (uint32_t i = 0; i < info.inputs; ++i) {
    if (!FillInput(picture, model, i)) return false;
  }
  ep_error error{};
  if (ep_model_invoke(model, nullptr, &error) != EP_OK) return Fail(error.message);
  for (uint32_t i = 0; i < info.outputs; ++i) {
    Tensor& tensor = outputs->emplace_back();
    ep_model_output_info(model, i, &tensor.info);
    tensor.bytes.resize(tensor.info.bytes);
    if (ep_model_read_output(model, i, tensor.bytes.data(), tensor.info.bytes, &error) != EP_OK) {
      return Fail(error.message);
    }
  }
  return true;
}

// The elements as real numbers: integers in steps, whatever their scale.
std::vector<double> Elements(const Tensor& tensor) {
  std::vector<double> elements;
  const auto append = [&]<typename T>(T /*type*/) {
    for (size_t at = 0; at + sizeof(T) <= tensor.bytes.size(); at += sizeof(T)) {
      T value;
      std::memcpy(&value, &tensor.bytes[at], sizeof value);
      elements.push_back(static_cast<double>(value));
    }
  };
  switch (tensor.info.type) {
    case EP_TYPE_FLOAT32:
      append(float{});
      break;
    case EP_TYPE_INT32:
      append(int32_t{});
      break;
    case EP_TYPE_INT8:
      append(int8_t{});
      break;
    default:
      append(uint8_t{});
      break;
  }
  return elements;
}

bool Agree(const Tensor& ours, const Tensor& theirs, uint32_t index, double steps) {
  const std::vector<double> a = Elements(ours);
  const std::vector<double> b = Elements(theirs);
  const auto top_a = std::ranges::max_element(a) - a.begin();
  const auto top_b = std::ranges::max_element(b) - b.begin();
  double largest = 0;
  for (const double value : b) largest = std::max(largest, std::abs(value));
  double worst = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    const double difference = std::abs(a[i] - b[i]);
    const double scale = std::max({std::abs(a[i]), std::abs(b[i]), kFloor * largest});
    const double apart =
        ours.info.type != EP_TYPE_FLOAT32 ? difference : (scale > 0 ? difference / scale : 0.0);
    worst = std::max(worst, apart);
  }
  const bool real = ours.info.type == EP_TYPE_FLOAT32;
  const bool same_top =
      top_a == top_b || b[static_cast<size_t>(top_a)] == b[static_cast<size_t>(top_b)];
  std::printf("  output %u: %zu elements, top %td and %td, largest difference %g%s\n", index,
              a.size(), top_a, top_b, worst, real ? " (relative)" : " steps");
  return same_top && worst <= (real ? kRelative : steps);
}

bool Write(const std::string& path, const std::vector<Tensor>& outputs) {
  std::ofstream file(path, std::ios::binary);
  for (const Tensor& tensor : outputs) {
    file << tensor.info.type << ' ' << tensor.bytes.size() << '\n';
    file.write(reinterpret_cast<const char*>(tensor.bytes.data()),
               static_cast<std::streamsize>(tensor.bytes.size()));
  }
  file.close();
  return file ? true : Fail(path + ": cannot be written");
}

bool Compare(const std::string& path, const std::vector<Tensor>& outputs, double steps) {
  std::ifstream file(path, std::ios::binary);
  bool agree = true;
  for (uint32_t i = 0; i < outputs.size(); ++i) {
    Tensor theirs;
    size_t size = 0;
    file >> theirs.info.type >> size;
    file.get();
    if (!file || size != outputs[i].bytes.size() || theirs.info.type != outputs[i].info.type) {
      return Fail(path + ": written by another model");
    }
    theirs.bytes.resize(size);
    file.read(reinterpret_cast<char*>(theirs.bytes.data()), static_cast<std::streamsize>(size));
    agree = Agree(outputs[i], theirs, i, steps) && agree;
  }
  return agree ? true : Fail(path + ": the outputs differ by more than rounding");
}

}  // namespace

int main(int argc, char** argv) {
  const std::span<char*> arguments(argv, static_cast<size_t>(argc));
  const std::string verb = argc == 6 || argc == 7 ? arguments[1] : "";
  const double steps = argc == 7 ? std::strtod(arguments[6], nullptr) : 1.0;
  if (verb != "compare" && (verb != "write" || argc == 7)) {
    std::fprintf(stderr, "usage: outputs write|compare LIBRARY MODEL PICTURE FILE [STEPS]\n");
    return 2;
  }
  Session session;
  Picture picture;
  std::vector<Tensor> outputs;
  const bool done =
      Open(arguments[2], arguments[3], &session) && LoadPicture(arguments[4], &picture) &&
      Run(picture, session.model, &outputs) &&
      (verb == "write" ? Write(arguments[5], outputs) : Compare(arguments[5], outputs, steps));
  return done ? 0 : 1;
}
