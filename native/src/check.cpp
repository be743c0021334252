#include "check.hpp"

#include <algorithm>
#include <cstring>
#include <memory>
#include <new>
#include <vector>

#include "check_context.hpp"
#include "error.hpp"
#include "model_file.hpp"

namespace ep {
namespace {

constexpr uint32_t kSchemaVersion = 3;
constexpr uint32_t kMaxSubgraphs = 4096;
// Subgraphs call each other on the runtime's stack.
constexpr uint32_t kMaxCallDepth = 32;

/** What the file is instead of a model, as far as its first bytes tell. */
const char* other_format(const uint8_t* bytes, size_t size) {
  struct Magic {
    const char* start;
    size_t length;
    const char* what;
  };
  static constexpr Magic kMagics[] = {
      {"\xff\xd8\xff", 3, "it is a JPEG picture"},
      {"\x89PNG", 4, "it is a PNG picture"},
      {"BM", 2, "it is a BMP picture"},
      {"PK\x03\x04", 4, "it is a ZIP archive"},
      {"\x1f\x8b", 2, "it is a gzip archive"},
      {"\x89HDF", 4, "it is a Keras HDF5 file"},
      {"version https://git-lfs", 23, "it is a Git LFS pointer, fetch the file it stands for"},
  };
  for (const Magic& magic : kMagics) {
    if (size >= magic.length && std::memcmp(bytes, magic.start, magic.length) == 0) {
      return magic.what;
    }
  }
  return "it has no TFL3 at byte 4";
}

bool check_indices(CheckContext& context, FlatVector<int32_t> indices, uint32_t tensors,
                   const char* what) {
  if (!context.spend(indices.size())) return false;
  for (uint32_t i = 0; i < indices.size(); ++i) {
    if (indices[i] < 0 || static_cast<uint32_t>(indices[i]) >= tensors) {
      return context.damaged("%s %u is tensor %d, there are %u", what, i, indices[i], tensors);
    }
  }
  return true;
}

/** Marks what has a value before any operator runs. */
void mark_ready(const CheckContext& context, FlatTable graph, std::vector<bool>& ready) {
  const FlatTables tensors = graph.tables(tflite::kSubgraphTensors);
  for (uint32_t i = 0; i < tensors.size(); ++i) {
    const FlatTable tensor = tensors[i];
    ready[i] = tensor_data(context, tensor).bytes > 0 ||
               tensor.get<uint8_t>(tflite::kTensorIsVariable, 0) != 0 ||
               element_count(tensor.vector<int32_t>(tflite::kTensorShape)) == 0;
  }
  const FlatVector<int32_t> inputs = graph.vector<int32_t>(tflite::kSubgraphInputs);
  for (uint32_t i = 0; i < inputs.size(); ++i) ready[static_cast<uint32_t>(inputs[i])] = true;
}

/** Every operator reads only what was written before it: the runtime gives memory to nothing else,
 *  and a kernel follows the null pointer. */
bool check_order(CheckContext& context, FlatTable graph) {
  std::vector<bool> ready(graph.tables(tflite::kSubgraphTensors).size());
  mark_ready(context, graph, ready);
  const FlatTables operators = graph.tables(tflite::kSubgraphOperators);
  for (uint32_t i = 0; i < operators.size(); ++i) {
    const FlatVector<int32_t> inputs = operators[i].vector<int32_t>(tflite::kOperatorInputs);
    const FlatVector<int32_t> outputs = operators[i].vector<int32_t>(tflite::kOperatorOutputs);
    for (uint32_t j = 0; j < inputs.size(); ++j) {
      if (inputs[j] >= 0 && !ready[static_cast<uint32_t>(inputs[j])]) {
        return context.damaged("operator %u reads tensor %d before it is written", i, inputs[j]);
      }
    }
    for (uint32_t j = 0; j < outputs.size(); ++j) ready[static_cast<uint32_t>(outputs[j])] = true;
  }
  const FlatVector<int32_t> results = graph.vector<int32_t>(tflite::kSubgraphOutputs);
  for (uint32_t i = 0; i < results.size(); ++i) {
    if (!ready[static_cast<uint32_t>(results[i])]) {
      return context.damaged("output %u is tensor %d, which nothing writes", i, results[i]);
    }
  }
  return true;
}

bool check_subgraph(CheckContext& context, FlatTable graph) {
  const FlatTables tensors = graph.tables(tflite::kSubgraphTensors);
  const FlatTables operators = graph.tables(tflite::kSubgraphOperators);
  context.traits.tensors += tensors.size();
  context.traits.operators += operators.size();
  if (!context.spend(uint64_t{tensors.size()} + operators.size())) return false;
  for (uint32_t i = 0; i < tensors.size(); ++i) {
    if (!check_tensor(context, tensors[i], i)) return false;
  }
  if (!check_indices(context, graph.vector<int32_t>(tflite::kSubgraphInputs), tensors.size(),
                     "input") ||
      !check_indices(context, graph.vector<int32_t>(tflite::kSubgraphOutputs), tensors.size(),
                     "output")) {
    return false;
  }
  for (uint32_t i = 0; i < operators.size(); ++i) {
    if (!check_operator(context, graph, operators[i], i)) return false;
  }
  return check_order(context, graph);
}

/** Follows calls from `index` down. `state`: 0 not seen, 1 above us, 2 done. */
bool check_calls(CheckContext& context, FlatTables graphs, uint32_t index, uint32_t depth,
                 std::vector<uint8_t>& state) {
  if (state[index] == 2) return true;
  if (state[index] == 1) return context.damaged("subgraph %u calls itself", index);
  if (depth > kMaxCallDepth) {
    return context.unsupported("its subgraphs call each other more than %u deep", kMaxCallDepth);
  }
  state[index] = 1;
  const FlatTables operators = graphs[index].tables(tflite::kSubgraphOperators);
  for (uint32_t i = 0; i < operators.size(); ++i) {
    uint32_t called[2];
    const uint32_t count = called_subgraphs(context.model, operators[i], called);
    for (uint32_t j = 0; j < count; ++j) {
      if (!check_calls(context, graphs, called[j], depth + 1, state)) return false;
    }
  }
  state[index] = 2;
  return true;
}

bool check_signature_tensors(CheckContext& context, FlatTables maps, uint32_t tensors) {
  for (uint32_t i = 0; i < maps.size(); ++i) {
    const uint32_t tensor = maps[i].get<uint32_t>(tflite::kMapTensor, 0);
    if (tensor >= tensors) {
      return context.damaged("a signature names tensor %u, there are %u", tensor, tensors);
    }
  }
  return true;
}

/** Metadata and signatures: the runtime follows their indices unasked. */
bool check_annexes(CheckContext& context) {
  const uint32_t buffers = context.model.tables(tflite::kModelBuffers).size();
  const FlatTables metadata = context.model.tables(tflite::kModelMetadata);
  for (uint32_t i = 0; i < metadata.size(); ++i) {
    const uint32_t buffer = metadata[i].get<uint32_t>(tflite::kMetadataBuffer, 0);
    if (buffer >= buffers) {
      return context.damaged("metadata %u refers to buffer %u, the file has %u", i, buffer,
                             buffers);
    }
  }
  const FlatTables graphs = context.model.tables(tflite::kModelSubgraphs);
  const FlatTables signatures = context.model.tables(tflite::kModelSignatures);
  for (uint32_t i = 0; i < signatures.size(); ++i) {
    const uint32_t graph = signatures[i].get<uint32_t>(tflite::kSignatureSubgraph, 0);
    if (graph >= graphs.size()) {
      return context.damaged("signature %u refers to subgraph %u, the file has %u", i, graph,
                             graphs.size());
    }
    const uint32_t tensors = graphs[graph].tables(tflite::kSubgraphTensors).size();
    if (!check_signature_tensors(context, signatures[i].tables(tflite::kSignatureInputs),
                                 tensors) ||
        !check_signature_tensors(context, signatures[i].tables(tflite::kSignatureOutputs),
                                 tensors)) {
      return false;
    }
  }
  return true;
}

/** -1 in the second and third of four dimensions: a picture of any size. */
bool leaves_size_open(FlatTable graph) {
  const FlatVector<int32_t> inputs = graph.vector<int32_t>(tflite::kSubgraphInputs);
  if (inputs.empty()) return false;
  const FlatTables tensors = graph.tables(tflite::kSubgraphTensors);
  const FlatTable input = tensors[static_cast<uint32_t>(inputs[0])];
  const FlatVector<int32_t> signature = input.vector<int32_t>(tflite::kTensorShapeSignature);
  return signature.size() == 4 && signature[1] == -1 && signature[2] == -1;
}

bool check_graphs(CheckContext& context) {
  const uint32_t version = context.model.get<uint32_t>(tflite::kModelVersion, 0);
  if (version != kSchemaVersion) {
    return context.unsupported("its schema version is %u, only %u is known", version,
                               kSchemaVersion);
  }
  const FlatTables graphs = context.model.tables(tflite::kModelSubgraphs);
  if (graphs.size() == 0) return context.damaged("it has no subgraph");
  if (graphs.size() > kMaxSubgraphs) {
    return context.unsupported("it has %u subgraphs, at most %u are taken", graphs.size(),
                               kMaxSubgraphs);
  }
  context.traits.subgraphs = graphs.size();
  if (!check_buffers(context)) return false;
  for (uint32_t i = 0; i < graphs.size(); ++i) {
    context.subgraph = i;
    if (!check_subgraph(context, graphs[i])) return false;
  }
  context.subgraph = 0;
  context.traits.open_size = leaves_size_open(graphs[0]);
  std::vector<uint8_t> state(graphs.size(), 0);
  for (uint32_t i = 0; i < graphs.size(); ++i) {
    if (!check_calls(context, graphs, i, 1, state)) return false;
  }
  return check_annexes(context);
}

/** Tools pack labels and the like into a ZIP archive behind the model (TFLite metadata). What
 * begins as one must be whole: the model in front of it does not show that the file was cut. */
bool check_tail(CheckContext& context, size_t end) {
  static constexpr char kEntry[] = "PK\x03\x04";
  static constexpr char kEndOfDirectory[] = "PK\x05\x06";
  constexpr size_t kEndBytes = 22;  // without its comment, whose length is its last field
  const uint8_t* tail = context.bytes + end;
  const size_t size = context.size - end;
  if (size == 0 || std::memcmp(tail, kEntry, std::min<size_t>(size, 4)) != 0) return true;
  for (size_t comment = 0; comment <= UINT16_MAX && comment + kEndBytes <= size; ++comment) {
    const uint8_t* last = tail + (size - kEndBytes - comment);
    if (std::memcmp(last, kEndOfDirectory, 4) == 0 &&
        flat_load<uint16_t>(last + kEndBytes - 2) == comment) {
      return true;
    }
  }
  return context.damaged("the archive behind the model is cut");
}

}  // namespace

int32_t check_model(const char* name, const uint8_t* bytes, size_t size, ModelTraits* traits,
                    ep_error* error) {
  if (size == 0) return fail(error, EP_E_NOT_A_MODEL, "model '%s': the file is empty", name);
  if (size < 8 || std::memcmp(bytes + 4, "TFL3", 4) != 0) {
    return fail(error, EP_E_NOT_A_MODEL,
                "model '%s': not a TensorFlow Lite file (%s): give a .tflite file", name,
                other_format(bytes, size));
  }
  try {
    CheckContext context(name, bytes, size, error);
    FlatVerifier verifier(bytes, size, tflite::kSchema);
    if (!verifier.verify_root(tflite::kModelLayout)) {
      context.damaged("%s (byte %zu of %zu)", verifier.reason(), verifier.at(), size);
      return context.status;
    }
    context.model = verifier.root();
    if (!check_graphs(context) || !check_tail(context, verifier.end())) return context.status;
    if (traits != nullptr) *traits = context.traits;
    return EP_OK;
  } catch (const std::bad_alloc&) {
    return fail(error, EP_E_NO_MEMORY, "model '%s': no memory left to check it", name);
  }
}

}  // namespace ep

extern "C" int32_t ep_model_check_bytes(const char* name, const void* bytes, uint64_t size_bytes,
                                        ep_error* error) {
  if (name == nullptr || (bytes == nullptr && size_bytes > 0)) {
    return ep::fail(error, EP_E_ARGUMENT, "a model's check needs its name and its bytes");
  }
  return ep::check_model(name, static_cast<const uint8_t*>(bytes), size_bytes, nullptr, error);
}

extern "C" int32_t ep_model_check_file(const char* path, uint64_t max_file_bytes, ep_error* error) {
  if (path == nullptr) return ep::fail(error, EP_E_ARGUMENT, "a model's check needs its path");
  ep::ModelFile file;
  uint64_t size = 0;
  int32_t status = file.open(path, max_file_bytes, &size, error);
  if (status != EP_OK) return status;
  const std::unique_ptr<uint8_t[]> bytes(new (std::nothrow) uint8_t[size]);
  if (bytes == nullptr) {
    return ep::fail(error, EP_E_NO_MEMORY, "model '%s': no memory left for its %llu bytes", path,
                    static_cast<unsigned long long>(size));
  }
  status = file.read_all(bytes.get(), size, error);
  if (status != EP_OK) return status;
  return ep::check_model(path, bytes.get(), size, nullptr, error);
}
