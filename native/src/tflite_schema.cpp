#include "tflite_schema.hpp"

#include <cstddef>

namespace ep::tflite {
namespace {

// BuiltinOptions by union type, from 1.
constexpr const char* kOptions[] = {
    "1441441",   // Conv2D
    "1444144",   // DepthwiseConv2D
    "4cc",       // ConcatEmbeddings
    "1",         // LSHProjection
    "144441",    // Pool2D
    "411",       // SVDF
    "11",        // RNN
    "11111",     // FullyConnected
    "4",         // Softmax
    "41",        // Concatenation
    "11",        // Add
    "1",         // L2Norm
    "4444",      // LocalResponseNormalization
    "14411",     // LSTM
    "--11",      // ResizeBilinear
    "4",         // Call
    "c",         // Reshape
    "441",       // SkipGram
    "4",         // SpaceToDepth
    "1",         // EmbeddingLookupSparse
    "1",         // Mul
    "",          // Pad
    "44",        // Gather
    "",          // BatchToSpaceND
    "",          // SpaceToBatchND
    "",          // Transpose
    "1",         // Reducer
    "11",        // Sub
    "1",         // Div
    "c",         // Squeeze
    "111",       // SequenceRNN
    "444441",    // StridedSlice
    "",          // Exp
    "",          // TopKV2
    "4",         // Split
    "",          // LogSoftmax
    "11",        // Cast
    "",          // Dequantize
    "",          // MaximumMinimum
    "1",         // ArgMax
    "",          // Less
    "",          // Neg
    "",          // PadV2
    "",          // Greater
    "",          // GreaterEqual
    "",          // LessEqual
    "",          // Select
    "",          // Slice
    "14411",     // TransposeConv
    "1",         // SparseToDense
    "",          // Tile
    "",          // ExpandDims
    "",          // Equal
    "",          // NotEqual
    "1",         // Shape
    "",          // Pow
    "1",         // ArgMin
    "4441",      // FakeQuant
    "44",        // Pack
    "",          // LogicalOr
    "4",         // OneHot
    "",          // LogicalAnd
    "",          // LogicalNot
    "44",        // Unpack
    "",          // FloorDiv
    "",          // Square
    "",          // ZerosLike
    "",          // Fill
    "144111",    // BidirectionalSequenceLSTM
    "1111",      // BidirectionalSequenceRNN
    "144111",    // UnidirectionalSequenceLSTM
    "",          // FloorMod
    "",          // Range
    "11",        // ResizeNearestNeighbor
    "4",         // LeakyRelu
    "",          // SquaredDifference
    "1",         // MirrorPad
    "",          // Abs
    "4",         // SplitV
    "1",         // Unique
    "",          // ReverseV2
    "",          // AddN
    "",          // GatherNd
    "",          // Cos
    "",          // Where
    "",          // Rank
    "44",        // ReverseSequence
    "",          // MatrixDiag
    "",          // Quantize
    "",          // MatrixSetDiag
    "",          // HardSwish
    "44",        // If
    "44",        // While
    "4",         // DepthToSpace
    "",          // NonMaxSuppressionV4
    "",          // NonMaxSuppressionV5
    "",          // ScatterNd
    "",          // SelectV2
    "",          // Densify
    "",          // SegmentSum
    "111",       // BatchMatMul
    "11",        // Cumsum
    "4",         // CallOnce
    "",          // BroadcastTo
    "",          // Rfft2d
    "14441444",  // Conv3D
    "411",       // Hashtable
    "",          // HashtableFind
    "",          // HashtableImport
    "",          // HashtableSize
    "ss",        // VarHandle
    "",          // ReadVariable
    "",          // AssignVariable
    "88",        // Random
    "c",         // Bucketize
    "1",         // Gelu
    "",          // DynamicUpdateSlice
    "",          // UnsortedSegmentProd
    "",          // UnsortedSegmentMax
    "",          // UnsortedSegmentMin
    "",          // UnsortedSegmentSum
    "",          // ATan2
    "",          // Sign
    "",          // Bitcast
    "",          // BitwiseXor
    "",          // RightShift
};
static_assert(sizeof(kOptions) / sizeof(kOptions[0]) == 126, "one layout a union type");
constexpr const char* kDetails[] = {"a", "444", "444c"};   // QuantizationDetails
constexpr const char* kSparseIndices[] = {"c", "b", "a"};  // SparseIndexVector

template <size_t N>
const char* pick(const char* const (&members)[N], uint8_t type) {
  return type <= N ? members[type - 1] : nullptr;
}

const char* layout(char letter) {
  switch (letter) {
    case 'C':  // OperatorCode
      return "1s44";
    case 'S':  // SubGraph
      return "VTccVOs4";
    case 'T':  // Tensor
      return "c14sTQ1TPc1VX4";
    case 'Q':  // QuantizationParameters
      return "cccd1UD4";
    case 'P':  // SparsityParameters
      return "ccVM";
    case 'M':  // DimensionMetadata
      return "141UI1UI";
    case 'X':  // VariantSubType
      return "c11";
    case 'O':  // Operator; its second union belongs to operators that are refused
      return "4cc1UOa1ac88";
    case 'B':  // Buffer
      return "a88";
    case 'D':  // Metadata
      return "s4";
    case 'G':  // SignatureDef
      return "VNVNs-4";
    case 'N':  // TensorMap
      return "s4";
    default:
      return "";
  }
}

const char* member(char letter, uint8_t type) {
  switch (letter) {
    case 'O':
      return pick(kOptions, type);
    case 'D':
      return pick(kDetails, type);
    default:
      return pick(kSparseIndices, type);
  }
}

}  // namespace

const FlatSchema kSchema{layout, member};
const char* const kModelLayout = "4VCVSsVBcVDVG";

int32_t type_bytes(int8_t type) {
  switch (type) {
    case kUint8:
    case kBool:
    case kInt8:
      return 1;
    case kFloat16:
    case kInt16:
    case kUint16:
      return 2;
    case kFloat32:
    case kInt32:
    case kUint32:
      return 4;
    case kInt64:
    case kComplex64:
    case kFloat64:
    case kUint64:
      return 8;
    case kComplex128:
      return 16;
    case kString:
    case kResource:
    case kVariant:
      return 0;
    default:
      return -1;
  }
}

}  // namespace ep::tflite
