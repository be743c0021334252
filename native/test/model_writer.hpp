// Writes small TensorFlow Lite files for tests, right or wrong on purpose: every figure of the
// description below goes into the file as it stands.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ep::test {

struct TensorSpec {
  std::vector<int32_t> shape = {};
  int8_t type = 0;
  uint32_t buffer = 0;
  std::vector<float> scales = {};
  std::vector<int64_t> zero_points = {};
  int32_t quantized_dimension = 0;
  bool variable = false;
  std::vector<int32_t> signature = {};
};

/** An options field of four bytes; `bytes` 1 for enums and booleans. */
struct OptionSpec {
  uint32_t field;
  int32_t value;
  uint32_t bytes = 4;
};

struct OperatorSpec {
  uint32_t code = 0;
  std::vector<int32_t> inputs = {};
  std::vector<int32_t> outputs = {};
  uint8_t options_type = 0;
  std::vector<OptionSpec> options = {};
  std::optional<std::vector<int32_t>> option_vector = {};  // field 0, as of a reshape
};

struct CodeSpec {
  int8_t deprecated = 0;
  int32_t builtin = 0;
  int32_t version = 1;
  std::string custom = {};
};

struct SubgraphSpec {
  std::vector<TensorSpec> tensors = {};
  std::vector<int32_t> inputs = {};
  std::vector<int32_t> outputs = {};
  std::vector<OperatorSpec> operators = {};
};

struct ModelSpec {
  uint32_t version = 3;
  std::vector<CodeSpec> codes = {};
  std::vector<SubgraphSpec> subgraphs = {};
  std::vector<std::vector<uint8_t>> buffers = {};
  std::vector<uint32_t> metadata_buffers = {};
};

/** One 3x3 convolution over 1 x 8 x 8 x 4 float32 with 4 filters: a sound model. */
ModelSpec small_convolution();

std::vector<uint8_t> write_model(const ModelSpec& model);

}  // namespace ep::test
