#include "warmup.hpp"

#include <bit>

#include "flatbuffer_writer.hpp"

namespace ep {
namespace {

using Writer = FlatbufferWriter;

// Enumerations of the schema.
constexpr uint64_t kTensorFloat32 = 0;
constexpr uint64_t kTensorInt32 = 2;
constexpr uint64_t kTensorUint8 = 3;
constexpr uint64_t kTensorInt8 = 9;
constexpr uint64_t kConv2d = 3;
constexpr uint64_t kFullyConnected = 9;
constexpr uint64_t kSoftmax = 25;
constexpr uint64_t kConv2dOptions = 1;
constexpr uint64_t kFullyConnectedOptions = 8;
constexpr uint64_t kSoftmaxOptions = 9;

// Sizes large enough that two threads get work each, small enough to cost nothing.
constexpr int32_t kSide = 16;
constexpr int32_t kChannels = 8;
constexpr int32_t kFilters = 16;
constexpr int32_t kClasses = 32;

struct TensorSpec {
  std::vector<int32_t> shape;
  uint64_t type;
  uint32_t buffer;
  float scale;
  int64_t zero_point;
};

struct OperatorSpec {
  uint64_t code;
  uint64_t options_type;
  std::vector<int32_t> inputs;
  int32_t output;
};

size_t element_count(const std::vector<int32_t>& shape) {
  size_t count = 1;
  for (const int32_t dimension : shape) count *= static_cast<size_t>(dimension);
  return count;
}

/** Constant bytes of a tensor: a small repeating pattern around zero. */
std::vector<uint8_t> make_constant(const TensorSpec& tensor) {
  const size_t count = element_count(tensor.shape);
  std::vector<uint8_t> bytes;
  for (size_t i = 0; i < count; ++i) {
    const int32_t step = static_cast<int32_t>(i % 7) - 3;
    if (tensor.type == kTensorFloat32) {
      const uint32_t word = std::bit_cast<uint32_t>(static_cast<float>(step) * 0.01F);
      for (int shift = 0; shift < 32; shift += 8) {
        bytes.push_back(static_cast<uint8_t>(word >> shift));
      }
    } else if (tensor.type == kTensorInt32) {
      bytes.insert(bytes.end(), 4, 0);
    } else {
      bytes.push_back(static_cast<uint8_t>(step + tensor.zero_point));
    }
  }
  return bytes;
}

/** Tensors: 0 input, 1 filter, 2 bias, 3 features, 4 matrix, 5 bias, 6 logits, 7 classes. */
std::vector<TensorSpec> make_tensors(ep_type type) {
  const bool real = type == EP_TYPE_FLOAT32;
  const uint64_t data = real ? kTensorFloat32 : type == EP_TYPE_INT8 ? kTensorInt8 : kTensorUint8;
  const uint64_t bias = real ? kTensorFloat32 : kTensorInt32;
  const int64_t zero = type == EP_TYPE_UINT8 ? 128 : 0;
  const int64_t lowest = type == EP_TYPE_UINT8 ? 0 : -128;
  const auto scale = [real](float value) { return real ? 0.0F : value; };
  constexpr int32_t kFeatures = kSide * kSide * kFilters;
  return {
      {{1, kSide, kSide, kChannels}, data, 0, scale(0.02F), zero},
      {{kFilters, 3, 3, kChannels}, data, 1, scale(0.01F), zero},
      {{kFilters}, bias, 2, scale(0.02F * 0.01F), 0},
      {{1, kSide, kSide, kFilters}, data, 0, scale(0.02F), zero},
      {{kClasses, kFeatures}, data, 3, scale(0.01F), zero},
      {{kClasses}, bias, 4, scale(0.02F * 0.01F), 0},
      {{1, kClasses}, data, 0, scale(0.05F), zero},
      {{1, kClasses}, data, 0, scale(1.0F / 256.0F), lowest},
  };
}

const std::vector<OperatorSpec>& operators() {
  static const std::vector<OperatorSpec> specs = {
      {kConv2d, kConv2dOptions, {0, 1, 2}, 3},
      {kFullyConnected, kFullyConnectedOptions, {3, 4, 5}, 6},
      {kSoftmax, kSoftmaxOptions, {6}, 7},
  };
  return specs;
}

size_t write_tensor(Writer* out, const TensorSpec& tensor) {
  const size_t table = out->table({Writer::reference(0),
                                   {1, 1, tensor.type},
                                   {2, 4, tensor.buffer},
                                   Writer::reference(3),
                                   Writer::reference(4)});
  out->refer(out->field(table, 0), out->numbers(tensor.shape));
  out->refer(out->field(table, 3), out->numbers(std::vector<uint8_t>{0}));
  const bool quantised = tensor.scale != 0;
  const size_t quantisation =
      quantised ? out->table({Writer::reference(2), Writer::reference(3)}) : out->table({});
  out->refer(out->field(table, 4), quantisation);
  if (quantised) {
    out->refer(out->field(quantisation, 2), out->numbers(std::vector<float>{tensor.scale}));
    out->refer(out->field(quantisation, 3), out->numbers(std::vector<int64_t>{tensor.zero_point}));
  }
  return table;
}

size_t write_options(Writer* out, uint64_t type) {
  if (type == kConv2dOptions) return out->table({{0, 1, 0}, {1, 4, 1}, {2, 4, 1}});
  if (type == kSoftmaxOptions) return out->table({{0, 4, std::bit_cast<uint32_t>(1.0F)}});
  return out->table({{0, 1, 0}});
}

size_t write_operator(Writer* out, const OperatorSpec& spec, uint32_t index) {
  const size_t table = out->table({{0, 4, index},
                                   Writer::reference(1),
                                   Writer::reference(2),
                                   {3, 1, spec.options_type},
                                   Writer::reference(4)});
  out->refer(out->field(table, 1), out->numbers(spec.inputs));
  out->refer(out->field(table, 2), out->numbers(std::vector<int32_t>{spec.output}));
  out->refer(out->field(table, 4), write_options(out, spec.options_type));
  return table;
}

size_t write_subgraph(Writer* out, const std::vector<TensorSpec>& tensors) {
  const size_t table = out->table(
      {Writer::reference(0), Writer::reference(1), Writer::reference(2), Writer::reference(3)});
  const size_t tensor_list = out->references(tensors.size());
  out->refer(out->field(table, 0), tensor_list);
  for (size_t i = 0; i < tensors.size(); ++i) {
    out->refer(tensor_list + 4 + 4 * i, write_tensor(out, tensors[i]));
  }
  out->refer(out->field(table, 1), out->numbers(std::vector<int32_t>{0}));
  out->refer(out->field(table, 2), out->numbers(std::vector<int32_t>{7}));
  const size_t operator_list = out->references(operators().size());
  out->refer(out->field(table, 3), operator_list);
  for (uint32_t i = 0; i < operators().size(); ++i) {
    out->refer(operator_list + 4 + size_t{4} * i, write_operator(out, operators()[i], i));
  }
  return table;
}

}  // namespace

std::vector<uint8_t> make_warmup_model(ep_type type) {
  Writer out("TFL3");
  const std::vector<TensorSpec> tensors = make_tensors(type);
  const size_t model =
      out.table({{0, 4, 3}, Writer::reference(1), Writer::reference(2), Writer::reference(4)});
  out.refer(0, model);
  const size_t codes = out.references(operators().size());
  out.refer(out.field(model, 1), codes);
  for (size_t i = 0; i < operators().size(); ++i) {
    const uint64_t code = operators()[i].code;
    out.refer(codes + 4 + 4 * i, out.table({{0, 1, code}, {2, 4, 1}, {3, 4, code}}));
  }
  const size_t subgraphs = out.references(1);
  out.refer(out.field(model, 2), subgraphs);
  out.refer(subgraphs + 4, write_subgraph(&out, tensors));

  const size_t buffers = out.references(5);
  out.refer(out.field(model, 4), buffers);
  out.refer(buffers + 4, out.table({}));
  for (const TensorSpec& tensor : tensors) {
    if (tensor.buffer == 0) continue;
    const size_t buffer = out.table({Writer::reference(0)});
    out.refer(buffers + 4 + size_t{4} * tensor.buffer, buffer);
    out.refer(out.field(buffer, 0), out.numbers(make_constant(tensor), 16));
  }
  return out.take();
}

}  // namespace ep
