// The TensorFlow Lite file format, as far as edgepool reads it: field numbers and layouts.
// Facts from tensorflow/compiler/mlir/lite/schema/schema.fbs (version 3), Apache-2.0.
#pragma once

#include <cstdint>

#include "flatbuffer_reader.hpp"

namespace ep::tflite {

enum ModelField : uint32_t {
  kModelVersion = 0,
  kModelOperatorCodes = 1,
  kModelSubgraphs = 2,
  kModelBuffers = 4,
  kModelMetadataBuffer = 5,
  kModelMetadata = 6,
  kModelSignatures = 7,
};
enum OperatorCodeField : uint32_t {
  kCodeDeprecated = 0,
  kCodeCustom = 1,
  kCodeVersion = 2,
  kCodeBuiltin = 3,
};
enum SubgraphField : uint32_t {
  kSubgraphTensors = 0,
  kSubgraphInputs = 1,
  kSubgraphOutputs = 2,
  kSubgraphOperators = 3,
};
enum TensorField : uint32_t {
  kTensorShape = 0,
  kTensorType = 1,
  kTensorBuffer = 2,
  kTensorQuantization = 4,
  kTensorIsVariable = 5,
  kTensorSparsity = 6,
  kTensorShapeSignature = 7,
  kTensorExternalBuffer = 10,
};
enum QuantizationField : uint32_t {
  kQuantizationScale = 2,
  kQuantizationZeroPoint = 3,
  kQuantizationDetailsType = 4,
  kQuantizationDimension = 6,
};
enum OperatorField : uint32_t {
  kOperatorCode = 0,
  kOperatorInputs = 1,
  kOperatorOutputs = 2,
  kOperatorOptionsType = 3,
  kOperatorOptions = 4,
  kOperatorMutating = 7,
  kOperatorIntermediates = 8,
};
enum BufferField : uint32_t { kBufferData = 0, kBufferOffset = 1, kBufferSize = 2 };
enum MetadataField : uint32_t { kMetadataBuffer = 1 };
enum SignatureField : uint32_t {
  kSignatureInputs = 0,
  kSignatureOutputs = 1,
  kSignatureSubgraph = 4,
};
enum TensorMapField : uint32_t { kMapTensor = 1 };

/** TensorType. Those left out have no kernels in any runtime edgepool runs on. */
enum Type : int8_t {
  kFloat32 = 0,
  kFloat16 = 1,
  kInt32 = 2,
  kUint8 = 3,
  kInt64 = 4,
  kString = 5,
  kBool = 6,
  kInt16 = 7,
  kComplex64 = 8,
  kInt8 = 9,
  kFloat64 = 10,
  kComplex128 = 11,
  kUint64 = 12,
  kResource = 13,
  kVariant = 14,
  kUint32 = 15,
  kUint16 = 16,
};

/** Bytes of one element; 0 for a type of no fixed size, -1 for an unknown one. */
int32_t type_bytes(int8_t type);

/** BuiltinOperator: those that the checks single out. */
enum Builtin : int32_t {
  kAveragePool2d = 1,
  kConv2d = 3,
  kDepthwiseConv2d = 4,
  kDepthToSpace = 5,
  kFullyConnected = 9,
  kL2Pool2d = 12,
  kLstm = 16,
  kMaxPool2d = 17,
  kReshape = 22,
  kSpaceToDepth = 26,
  kSvdf = 27,
  kCall = 31,
  kCustom = 32,
  kSequenceRnnBidirectional = 46,
  kUnidirectionalLstm = 44,
  kSplit = 49,
  kDelegate = 51,
  kBidirectionalLstm = 52,
  kTransposeConv = 67,
  kPack = 83,
  kUnpack = 88,
  kSplitV = 102,
  kIf = 118,
  kWhile = 119,
  kPlaceholder = 127,
  kCallOnce = 129,
  kConv3d = 132,
  kConv3dTranspose = 141,
  kVarHandle = 142,
  kFirstStablehlo = 162, /**< From here on: no kernels in the runtimes edgepool runs on. */
};

extern const FlatSchema kSchema;
extern const char* const kModelLayout;

}  // namespace ep::tflite
