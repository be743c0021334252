// Operators of the model check: codes, tensor indices, and the options a kernel divides by.
#include <algorithm>
#include <cctype>
#include <cstdio>
#include <cstring>

#include "check_context.hpp"

namespace ep {
namespace {

using tflite::Builtin;

/** Options without which an operator cannot run, and their fields that must be at least 1. */
struct Positive {
  Builtin builtin;
  uint8_t options_type;
  struct {
    uint8_t field;
    uint8_t absent;  // the schema's default
    const char* name;
  } fields[6];
};
constexpr Positive kPositive[] = {
    {tflite::kConv2d,
     1,
     {{1, 0, "stride"}, {2, 0, "stride"}, {4, 1, "dilation"}, {5, 1, "dilation"}}},
    {tflite::kDepthwiseConv2d,
     2,
     {{1, 0, "stride"},
      {2, 0, "stride"},
      {3, 0, "depth multiplier"},
      {5, 1, "dilation"},
      {6, 1, "dilation"}}},
    {tflite::kAveragePool2d,
     5,
     {{1, 0, "stride"}, {2, 0, "stride"}, {3, 0, "filter size"}, {4, 0, "filter size"}}},
    {tflite::kMaxPool2d,
     5,
     {{1, 0, "stride"}, {2, 0, "stride"}, {3, 0, "filter size"}, {4, 0, "filter size"}}},
    {tflite::kL2Pool2d,
     5,
     {{1, 0, "stride"}, {2, 0, "stride"}, {3, 0, "filter size"}, {4, 0, "filter size"}}},
    {tflite::kSvdf, 6, {{0, 0, "rank"}}},
    {tflite::kSpaceToDepth, 19, {{0, 0, "block size"}}},
    {tflite::kDepthToSpace, 94, {{0, 0, "block size"}}},
    {tflite::kSplit, 35, {{0, 0, "number of parts"}}},
    {tflite::kSplitV, 79, {{0, 0, "number of parts"}}},
    {tflite::kPack, 59, {{0, 0, "number of values"}}},
    {tflite::kTransposeConv, 49, {{1, 0, "stride"}, {2, 0, "stride"}}},
    {tflite::kConv3d,
     106,
     {{1, 0, "stride"},
      {2, 0, "stride"},
      {3, 0, "stride"},
      {5, 1, "dilation"},
      {6, 1, "dilation"},
      {7, 1, "dilation"}}},
    {tflite::kConv3dTranspose,
     106,
     {{1, 0, "stride"},
      {2, 0, "stride"},
      {3, 0, "stride"},
      {5, 1, "dilation"},
      {6, 1, "dilation"},
      {7, 1, "dilation"}}},
};

/** Operators that run other subgraphs: option type and how many index fields it begins with. */
struct Caller {
  Builtin builtin;
  uint8_t options_type;
  uint8_t fields;
};
constexpr Caller kCallers[] = {
    {tflite::kCall, 16, 1},
    {tflite::kIf, 92, 2},
    {tflite::kWhile, 93, 2},
    {tflite::kCallOnce, 103, 1},
};

const Caller* caller_of(int32_t builtin) {
  for (const Caller& caller : kCallers) {
    if (caller.builtin == builtin) return &caller;
  }
  return nullptr;
}

/** The recurrent operators have optional inputs from the second on, the others from the third. */
uint32_t first_optional_input(int32_t builtin) {
  switch (builtin) {
    case tflite::kLstm:
    case tflite::kUnidirectionalLstm:
    case tflite::kBidirectionalLstm:
      return 1;
    default:
      return 2;
  }
}

/** What TensorFlow Lite's own resolver has beside its builtin operators
 *  (tensorflow/lite/kernels/register.cc). */
constexpr std::string_view kCustomOperators[] = {"TFLite_Detection_PostProcess", "Mfcc",
                                                 "AudioSpectrogram"};

bool check_code(CheckContext& context, FlatTable code, uint32_t index) {
  const int32_t builtin = builtin_of(code);
  if (builtin == tflite::kCustom) {
    char name[64];
    const std::string_view custom = code.string(tflite::kCodeCustom);
    const auto named = [custom](std::string_view known) { return custom == known; };
    if (std::any_of(std::begin(kCustomOperators), std::end(kCustomOperators), named)) return true;
    const size_t length = std::min(custom.size(), sizeof(name) - 1);
    std::transform(custom.begin(), custom.begin() + length, name,
                   [](char c) { return std::isprint(static_cast<unsigned char>(c)) ? c : '?'; });
    name[length] = '\0';
    return context.unsupported("operator %u is the custom operator '%s', which the runtime lacks",
                               index, name);
  }
  if (builtin < 0 || builtin == tflite::kDelegate) {
    return context.damaged("operator %u has code %d", index, builtin);
  }
  if (builtin == tflite::kPlaceholder || builtin >= tflite::kFirstStablehlo) {
    return context.unsupported("operator %u has code %d, which the runtime lacks", index, builtin);
  }
  if (code.get<int32_t>(tflite::kCodeVersion, 1) < 1) {
    return context.damaged("operator %u has version %d", index,
                           code.get<int32_t>(tflite::kCodeVersion, 1));
  }
  return true;
}

bool check_inputs(CheckContext& context, FlatVector<int32_t> inputs, uint32_t tensors,
                  uint32_t first_optional, uint32_t index) {
  if (!context.spend(inputs.size())) return false;
  for (uint32_t i = 0; i < inputs.size(); ++i) {
    if (inputs[i] == -1 && i >= first_optional) continue;
    if (inputs[i] < 0 || static_cast<uint32_t>(inputs[i]) >= tensors) {
      return context.damaged("operator %u reads tensor %d, there are %u", index, inputs[i],
                             tensors);
    }
  }
  return true;
}

bool check_outputs(CheckContext& context, FlatTable graph, FlatTable op, uint32_t index) {
  const FlatTables tensors = graph.tables(tflite::kSubgraphTensors);
  const FlatVector<int32_t> outputs = op.vector<int32_t>(tflite::kOperatorOutputs);
  const FlatVector<int32_t> inputs = op.vector<int32_t>(tflite::kOperatorInputs);
  if (!context.spend(outputs.size() * (uint64_t{inputs.size()} + 1))) return false;
  for (uint32_t i = 0; i < outputs.size(); ++i) {
    const int32_t output = outputs[i];
    if (output < 0 || static_cast<uint32_t>(output) >= tensors.size()) {
      return context.damaged("operator %u writes tensor %d, there are %u", index, output,
                             tensors.size());
    }
    const FlatTable tensor = tensors[static_cast<uint32_t>(output)];
    if (tensor_data(context, tensor).bytes > 0) {
      return context.damaged("operator %u writes tensor %d, which is constant", index, output);
    }
    for (uint32_t j = 0; j < inputs.size(); ++j) {
      if (inputs[j] == output) {
        return context.damaged("operator %u reads and writes tensor %d", index, output);
      }
    }
  }
  return true;
}

bool check_lists(CheckContext& context, FlatTable graph, FlatTable op, int32_t builtin,
                 uint32_t index) {
  const uint32_t tensors = graph.tables(tflite::kSubgraphTensors).size();
  const FlatVector<int32_t> inputs = op.vector<int32_t>(tflite::kOperatorInputs);
  const uint32_t mutating = op.vector<uint8_t>(tflite::kOperatorMutating).size();
  if (mutating != 0 && mutating != inputs.size()) {
    return context.damaged("operator %u has %u inputs and %u marks on them", index, inputs.size(),
                           mutating);
  }
  return check_inputs(context, inputs, tensors, first_optional_input(builtin), index) &&
         check_inputs(context, op.vector<int32_t>(tflite::kOperatorIntermediates), tensors, 0,
                      index) &&
         check_outputs(context, graph, op, index);
}

bool check_positive(CheckContext& context, FlatTable op, int32_t builtin, uint32_t index) {
  for (const Positive& rule : kPositive) {
    if (rule.builtin != builtin) continue;
    if (op.get<uint8_t>(tflite::kOperatorOptionsType, 0) != rule.options_type ||
        !op.has(tflite::kOperatorOptions)) {
      return context.damaged("operator %u (code %d) lacks its options", index, builtin);
    }
    const FlatTable options = op.table(tflite::kOperatorOptions);
    for (const auto& field : rule.fields) {
      if (field.name == nullptr) break;
      const int32_t value = options.get<int32_t>(field.field, field.absent);
      if (value < 1) {
        return context.damaged("operator %u (code %d) has a %s of %d", index, builtin, field.name,
                               value);
      }
    }
  }
  return true;
}

bool check_called(CheckContext& context, FlatTable op, int32_t builtin, uint32_t index) {
  const Caller* caller = caller_of(builtin);
  if (caller == nullptr) return true;
  if (op.get<uint8_t>(tflite::kOperatorOptionsType, 0) != caller->options_type) {
    return context.damaged("operator %u (code %d) lacks its options", index, builtin);
  }
  const uint32_t graphs = context.model.tables(tflite::kModelSubgraphs).size();
  const FlatTable options = op.table(tflite::kOperatorOptions);
  for (uint32_t field = 0; field < caller->fields; ++field) {
    const uint32_t graph = options.get<uint32_t>(field, 0);
    if (graph >= graphs) {
      return context.damaged("operator %u runs subgraph %u, the file has %u", index, graph, graphs);
    }
  }
  return true;
}

FlatTable input_tensor(FlatTable graph, FlatTable op, uint32_t input) {
  const FlatVector<int32_t> inputs = op.vector<int32_t>(tflite::kOperatorInputs);
  if (input >= inputs.size() || inputs[input] < 0) return FlatTable();
  return graph.tables(tflite::kSubgraphTensors)[static_cast<uint32_t>(inputs[input])];
}

/** Filters: kernels divide by their dimensions and by the channels they share with the input. */
bool check_filter(CheckContext& context, FlatTable graph, FlatTable op, int32_t builtin,
                  uint32_t index) {
  const bool depthwise = builtin == tflite::kDepthwiseConv2d;
  const bool dense = builtin == tflite::kFullyConnected;
  if (builtin != tflite::kConv2d && !depthwise && !dense) return true;
  const FlatTable filter_tensor = input_tensor(graph, op, 1);
  if (!filter_tensor) return context.damaged("operator %u has no filter", index);
  const FlatVector<int32_t> input =
      input_tensor(graph, op, 0).vector<int32_t>(tflite::kTensorShape);
  const FlatVector<int32_t> filter = filter_tensor.vector<int32_t>(tflite::kTensorShape);
  const uint32_t rank = dense ? 2 : 4;
  if (filter.size() != rank || (!dense && input.size() != rank)) {
    return context.damaged("operator %u has a filter of %u dimensions, it needs %u", index,
                           filter.size(), rank);
  }
  for (uint32_t i = 0; i < rank; ++i) {
    if (filter[i] < 1) {
      return context.damaged("operator %u has a filter with a dimension of %d", index, filter[i]);
    }
  }
  if (dense) return true;
  const int32_t channels = input[3];
  const bool divides = depthwise ? channels > 0 && filter[3] % channels == 0
                                 : channels > 0 && channels % filter[3] == 0;
  if (!divides) {
    return context.damaged("operator %u has %d input channels and a filter of %d", index, channels,
                           filter[3]);
  }
  return true;
}

bool check_new_shape(CheckContext& context, FlatVector<int32_t> shape, uint32_t index) {
  if (shape.size() > 8) {
    return context.unsupported("operator %u makes %u dimensions, at most 8 are taken", index,
                               shape.size());
  }
  uint64_t elements = 1;
  uint32_t open = 0;
  for (uint32_t i = 0; i < shape.size(); ++i) {
    if (shape[i] == -1) {
      ++open;
      continue;
    }
    if (shape[i] < -1 ||
        __builtin_mul_overflow(elements, static_cast<uint64_t>(shape[i]), &elements) ||
        elements > INT32_MAX) {
      return context.damaged("operator %u makes a shape that no tensor can have", index);
    }
  }
  if (open > 1) return context.damaged("operator %u leaves %u dimensions open", index, open);
  return true;
}

/** Both places a reshape may have its shape in: the options and a constant second input. */
bool check_reshape(CheckContext& context, FlatTable graph, FlatTable op, uint32_t index) {
  constexpr uint8_t kReshapeOptions = 17;
  if (op.get<uint8_t>(tflite::kOperatorOptionsType, 0) == kReshapeOptions &&
      !check_new_shape(context, op.table(tflite::kOperatorOptions).vector<int32_t>(0), index)) {
    return false;
  }
  const FlatTable tensor = input_tensor(graph, op, 1);
  if (!tensor || tensor.get<int8_t>(tflite::kTensorType, 0) != tflite::kInt32) return true;
  // A constant's bytes are the elements; the length in front of them counts bytes, not elements.
  const ConstantData constant = tensor_data(context, tensor);
  constexpr size_t kMaxBytes = sizeof(int32_t) * 8;
  if (constant.bytes > kMaxBytes) {
    return context.unsupported("operator %u makes more than 8 dimensions", index);
  }
  uint8_t copy[4 + kMaxBytes];
  const uint32_t count = static_cast<uint32_t>(constant.bytes / 4);
  std::memcpy(copy, &count, 4);
  if (count > 0) std::memcpy(copy + 4, constant.data, size_t{count} * 4);
  return check_new_shape(context, FlatVector<int32_t>(copy), index);
}

}  // namespace

int32_t builtin_of(FlatTable operator_code) {
  const int32_t deprecated = operator_code.get<int8_t>(tflite::kCodeDeprecated, 0);
  return std::max(deprecated, operator_code.get<int32_t>(tflite::kCodeBuiltin, 0));
}

uint32_t called_subgraphs(FlatTable model, FlatTable op, uint32_t called[2]) {
  const FlatTables codes = model.tables(tflite::kModelOperatorCodes);
  const uint32_t code = op.get<uint32_t>(tflite::kOperatorCode, 0);
  const Caller* caller = code < codes.size() ? caller_of(builtin_of(codes[code])) : nullptr;
  if (caller == nullptr) return 0;
  const FlatTable options = op.table(tflite::kOperatorOptions);
  for (uint32_t field = 0; field < caller->fields; ++field) {
    called[field] = options.get<uint32_t>(field, 0);
  }
  return caller->fields;
}

bool check_operator(CheckContext& context, FlatTable graph, FlatTable op, uint32_t index) {
  const FlatTables codes = context.model.tables(tflite::kModelOperatorCodes);
  const uint32_t code = op.get<uint32_t>(tflite::kOperatorCode, 0);
  if (code >= codes.size()) {
    return context.damaged("operator %u has code index %u, the file has %u", index, code,
                           codes.size());
  }
  if (!check_code(context, codes[code], index)) return false;
  const int32_t builtin = builtin_of(codes[code]);
  if (!check_lists(context, graph, op, builtin, index) ||
      !check_positive(context, op, builtin, index) || !check_called(context, op, builtin, index) ||
      !check_filter(context, graph, op, builtin, index)) {
    return false;
  }
  return builtin != tflite::kReshape || check_reshape(context, graph, op, index);
}

}  // namespace ep
