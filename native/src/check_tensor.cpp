// Buffers and tensors of the model check.
#include <cmath>
#include <cstdarg>
#include <cstdio>

#include "check_context.hpp"
#include "error.hpp"

namespace ep {
namespace {

// What kernels count in `int`, and what an ep_tensor_info can show.
constexpr uint64_t kMaxTensorBytes = 0x7fffffff;
constexpr uint32_t kMaxRank = 8;

bool check_shape(CheckContext& context, FlatTable tensor, uint32_t index, int32_t element_bytes) {
  const FlatVector<int32_t> shape = tensor.vector<int32_t>(tflite::kTensorShape);
  if (shape.size() > kMaxRank) {
    return context.unsupported("tensor %u has %u dimensions, at most %u are taken", index,
                               shape.size(), kMaxRank);
  }
  uint64_t bytes = element_bytes == 0 ? 1 : static_cast<uint64_t>(element_bytes);
  for (uint32_t i = 0; i < shape.size(); ++i) {
    if (shape[i] < 0) {
      return context.damaged("tensor %u has a dimension of %d", index, shape[i]);
    }
    if (__builtin_mul_overflow(bytes, static_cast<uint64_t>(shape[i]), &bytes) ||
        bytes > kMaxTensorBytes) {
      return context.damaged("tensor %u is larger than 2 GiB", index);
    }
  }
  const FlatVector<int32_t> signature = tensor.vector<int32_t>(tflite::kTensorShapeSignature);
  if (!signature.empty() && signature.size() != shape.size()) {
    return context.damaged("tensor %u has %u dimensions and %u in its signature", index,
                           shape.size(), signature.size());
  }
  for (uint32_t i = 0; i < signature.size(); ++i) {
    if (signature[i] < -1) {
      return context.damaged("tensor %u has a dimension of %d in its signature", index,
                             signature[i]);
    }
  }
  return true;
}

/** A string tensor: how many, where each begins and where the last one ends, then the text. */
bool check_strings(CheckContext& context, uint32_t index, const ConstantData& constant) {
  if (constant.bytes < 4) return context.damaged("tensor %u has strings without a count", index);
  const int32_t count = flat_load<int32_t>(constant.data);
  if (count < 0 || (uint64_t{static_cast<uint32_t>(count)} + 2) * 4 > constant.bytes) {
    return context.damaged("tensor %u has %d strings in %llu bytes", index, count,
                           static_cast<unsigned long long>(constant.bytes));
  }
  const uint32_t offsets = static_cast<uint32_t>(count) + 1;
  if (!context.spend(offsets)) return false;
  uint64_t least = (uint64_t{offsets} + 1) * 4;
  for (uint32_t i = 0; i < offsets; ++i) {
    const uint32_t offset = flat_load<uint32_t>(constant.data + 4 + size_t{i} * 4);
    if (offset < least || offset > constant.bytes) {
      return context.damaged("tensor %u has a string out of bounds", index);
    }
    least = offset;
  }
  return true;
}

bool check_constant(CheckContext& context, FlatTable tensor, uint32_t index, int8_t type) {
  const ConstantData constant = tensor_data(context, tensor);
  if (constant.bytes == 0) return true;
  if (type == tflite::kString) return check_strings(context, index, constant);
  const int32_t element_bytes = tflite::type_bytes(type);
  if (element_bytes == 0) return context.damaged("tensor %u holds a handle and bytes", index);
  const uint64_t expected = element_count(tensor.vector<int32_t>(tflite::kTensorShape)) *
                            static_cast<uint64_t>(element_bytes);
  if (constant.bytes != expected) {
    return context.damaged("tensor %u needs %llu bytes, its buffer has %llu", index,
                           static_cast<unsigned long long>(expected),
                           static_cast<unsigned long long>(constant.bytes));
  }
  const size_t offset = static_cast<size_t>(constant.data - context.bytes);
  if (offset % static_cast<size_t>(element_bytes > 8 ? 8 : element_bytes) != 0) {
    return context.damaged("tensor %u's bytes are not aligned", index);
  }
  return true;
}

bool zero_point_fits(int8_t type, int64_t zero_point) {
  if (type == tflite::kInt8) return zero_point >= INT8_MIN && zero_point <= INT8_MAX;
  if (type == tflite::kUint8) return zero_point >= 0 && zero_point <= UINT8_MAX;
  return zero_point >= INT32_MIN && zero_point <= INT32_MAX;
}

bool check_scales(CheckContext& context, FlatTable quantization, uint32_t index, int8_t type) {
  const FlatVector<float> scales = quantization.vector<float>(tflite::kQuantizationScale);
  const FlatVector<int64_t> zeros = quantization.vector<int64_t>(tflite::kQuantizationZeroPoint);
  if (!context.spend(uint64_t{scales.size()} + zeros.size())) return false;
  for (uint32_t i = 0; i < scales.size(); ++i) {
    if (!std::isfinite(scales[i]) || scales[i] < 0) {
      return context.damaged("tensor %u has a scale of %g", index, static_cast<double>(scales[i]));
    }
  }
  for (uint32_t i = 0; i < zeros.size(); ++i) {
    if (!zero_point_fits(type, zeros[i])) {
      return context.damaged("tensor %u has a zero point of %lld", index,
                             static_cast<long long>(zeros[i]));
    }
  }
  return true;
}

bool check_quantization(CheckContext& context, FlatTable tensor, uint32_t index, int8_t type) {
  const FlatTable quantization = tensor.table(tflite::kTensorQuantization);
  if (quantization.get<uint8_t>(tflite::kQuantizationDetailsType, 0) != 0) {
    return context.unsupported("tensor %u is quantised in a way no kernel knows", index);
  }
  const uint32_t scales = quantization.vector<float>(tflite::kQuantizationScale).size();
  if (scales == 0) return true;
  const uint32_t zeros = quantization.vector<int64_t>(tflite::kQuantizationZeroPoint).size();
  if (zeros != scales) {
    return context.damaged("tensor %u has %u scales and %u zero points", index, scales, zeros);
  }
  const FlatVector<int32_t> shape = tensor.vector<int32_t>(tflite::kTensorShape);
  const int32_t dimension = quantization.get<int32_t>(tflite::kQuantizationDimension, 0);
  if (scales > 1) {
    if (dimension < 0 || static_cast<uint32_t>(dimension) >= shape.size() ||
        static_cast<uint32_t>(shape[static_cast<uint32_t>(dimension)]) != scales) {
      return context.damaged("tensor %u has %u scales, which is not the size of dimension %d",
                             index, scales, dimension);
    }
  }
  context.traits.has_int8 |= type == tflite::kInt8;
  context.traits.has_uint8 |= type == tflite::kUint8;
  return check_scales(context, quantization, index, type);
}

}  // namespace

ConstantData constant_data(const CheckContext& context, FlatTable buffer) {
  const FlatVector<uint8_t> data = buffer.vector<uint8_t>(tflite::kBufferData);
  if (!data.empty()) return {data.data(), data.size()};
  // The schema: an offset from the beginning of the file, valid only above 1.
  const uint64_t offset = buffer.get<uint64_t>(tflite::kBufferOffset, 0);
  if (offset <= 1) return {nullptr, 0};
  return {context.bytes + offset, buffer.get<uint64_t>(tflite::kBufferSize, 0)};
}

ConstantData tensor_data(const CheckContext& context, FlatTable tensor) {
  const uint32_t index = tensor.get<uint32_t>(tflite::kTensorBuffer, 0);
  return constant_data(context, context.model.tables(tflite::kModelBuffers)[index]);
}

uint64_t element_count(FlatVector<int32_t> shape) {
  uint64_t count = 1;
  for (uint32_t i = 0; i < shape.size(); ++i) count *= static_cast<uint64_t>(shape[i]);
  return count;
}

bool check_buffers(CheckContext& context) {
  const FlatTables buffers = context.model.tables(tflite::kModelBuffers);
  if (buffers.size() == 0) return context.damaged("it has no buffers, the first must be there");
  for (uint32_t i = 0; i < buffers.size(); ++i) {
    const uint64_t offset = buffers[i].get<uint64_t>(tflite::kBufferOffset, 0);
    const uint64_t size = buffers[i].get<uint64_t>(tflite::kBufferSize, 0);
    if (offset > 1 && (offset > context.size || size > context.size - offset)) {
      return context.damaged("buffer %u lies past the end of the file", i);
    }
  }
  const ConstantData first = constant_data(context, buffers[0]);
  if (first.bytes != 0) return context.damaged("buffer 0 is not empty");
  return true;
}

bool check_tensor(CheckContext& context, FlatTable tensor, uint32_t index) {
  const int8_t type = tensor.get<int8_t>(tflite::kTensorType, 0);
  const int32_t element_bytes = tflite::type_bytes(type);
  if (element_bytes < 0) {
    return context.unsupported("tensor %u has type %d, which no kernel knows", index, type);
  }
  const uint32_t buffers = context.model.tables(tflite::kModelBuffers).size();
  const uint32_t buffer = tensor.get<uint32_t>(tflite::kTensorBuffer, 0);
  if (buffer >= buffers) {
    return context.damaged("tensor %u refers to buffer %u, the file has %u", index, buffer,
                           buffers);
  }
  if (tensor.get<uint32_t>(tflite::kTensorExternalBuffer, 0) != 0) {
    return context.unsupported("tensor %u lies in a file of its own", index);
  }
  if (tensor.has(tflite::kTensorSparsity)) {
    return context.unsupported("tensor %u is stored sparse", index);
  }
  return check_shape(context, tensor, index, element_bytes) &&
         check_constant(context, tensor, index, type) &&
         check_quantization(context, tensor, index, type);
}

}  // namespace ep
