// What the tests of the model check share.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <vector>

#include "check.hpp"
#include "model_writer.hpp"

namespace ep::test {

/** Checks a copy of exactly these bytes, so that a sanitizer sees any read outside them. */
inline int32_t check(const std::vector<uint8_t>& bytes, ep_error* error,
                     ModelTraits* traits = nullptr) {
  const std::unique_ptr<uint8_t[]> copy(new uint8_t[bytes.size()]);
  if (!bytes.empty()) std::memcpy(copy.get(), bytes.data(), bytes.size());
  return check_model("m", copy.get(), bytes.size(), traits, error);
}

inline bool one_line(const char* message) {
  return message[0] != '\0' && std::strpbrk(message, "\r\n") == nullptr;
}

inline SubgraphSpec& graph(ModelSpec& m) { return m.subgraphs[0]; }
inline TensorSpec& tensor(ModelSpec& m, size_t index) { return graph(m).tensors[index]; }
inline OperatorSpec& op(ModelSpec& m) { return graph(m).operators[0]; }

/** Turns the convolution into an operator of one input without options. */
inline void plain_operator(ModelSpec& m, int32_t builtin) {
  m.codes[0] = {.deprecated = static_cast<int8_t>(builtin < 127 ? builtin : 127),
                .builtin = builtin};
  op(m).inputs = {0};
  op(m).options_type = 0;
  op(m).options = {};
}

/** A second operator that runs subgraph `index`, in a graph of one tensor. */
inline void call(ModelSpec& m, uint32_t from, int32_t index) {
  while (m.subgraphs.size() <= from) m.subgraphs.push_back({.tensors = {{.shape = {1}}}});
  m.codes.push_back({.deprecated = 127, .builtin = 129});
  m.subgraphs[from].operators.push_back({.code = static_cast<uint32_t>(m.codes.size() - 1),
                                         .inputs = {},
                                         .outputs = {},
                                         .options_type = 103,
                                         .options = {{0, index}}});
}

}  // namespace ep::test
