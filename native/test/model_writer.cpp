#include "model_writer.hpp"

#include <cstring>
#include <functional>

namespace ep::test {
namespace {

/** Writes front to back: a table first, then what its offsets point to. */
class Writer {
 public:
  using Later = std::function<uint32_t()>;  // writes the target, returns where it begins
  struct Field {
    uint32_t number;
    uint32_t bytes;  // 1, 4 or 8; 4 for an offset
    int64_t value;
    Later target;
  };

  static Field scalar(uint32_t number, int64_t value, uint32_t bytes = 4) {
    return {number, bytes, value, nullptr};
  }
  static Field offset(uint32_t number, Later target) { return {number, 4, 0, std::move(target)}; }

  std::vector<uint8_t> file(const std::vector<Field>& root) {
    out_.assign(8, 0);
    std::memcpy(out_.data() + 4, "TFL3", 4);
    const uint32_t at = table(root);
    put(0, at);
    return out_;
  }

  uint32_t table(const std::vector<Field>& fields) {
    uint32_t count = 0;
    for (const Field& field : fields) count = std::max(count, field.number + 1);
    pad(8);
    const uint32_t vtable = size();
    out_.resize(vtable + 4 + 2 * count);
    pad(8);
    const uint32_t at = size();
    out_.resize(at + 8);  // the way back to the vtable, and every field 8-aligned behind it
    put(at, at - vtable);
    for (const Field& field : fields) {
      put(vtable + 4 + 2 * field.number, static_cast<uint16_t>(size() - at));
      out_.resize(size() + 8);
      std::memcpy(&out_[size() - 8], &field.value, field.bytes);
    }
    put(vtable, static_cast<uint16_t>(4 + 2 * count));
    put(vtable + 2, static_cast<uint16_t>(size() - at));
    uint32_t slot = at + 8;
    for (const Field& field : fields) {
      if (field.target) {
        const uint32_t target = field.target();
        put(slot, target - slot);
      }
      slot += 8;
    }
    return at;
  }

  template <typename T>
  uint32_t vector(const std::vector<T>& values, uint32_t alignment = sizeof(T)) {
    pad(4);
    while ((size() + 4) % alignment != 0) out_.resize(size() + 4);
    const uint32_t at = size();
    out_.resize(at + 4 + values.size() * sizeof(T));
    put(at, static_cast<uint32_t>(values.size()));
    if (!values.empty()) std::memcpy(&out_[at + 4], values.data(), values.size() * sizeof(T));
    return at;
  }

  uint32_t string(const std::string& text) {
    const uint32_t at = vector(std::vector<char>(text.begin(), text.end()));
    out_.push_back(0);
    return at;
  }

  template <typename T>
  uint32_t tables(const std::vector<T>& specs, const std::function<uint32_t(const T&)>& write) {
    const uint32_t at = vector(std::vector<uint32_t>(specs.size()));
    for (uint32_t i = 0; i < specs.size(); ++i) {
      const uint32_t target = write(specs[i]);
      put(at + 4 + 4 * i, target - (at + 4 + 4 * i));
    }
    return at;
  }

 private:
  uint32_t size() const { return static_cast<uint32_t>(out_.size()); }
  void pad(uint32_t alignment) {
    while (size() % alignment != 0) out_.push_back(0);
  }
  template <typename T>
  void put(uint32_t at, T value) {
    std::memcpy(&out_[at], &value, sizeof(value));
  }

  std::vector<uint8_t> out_;
};

using Field = Writer::Field;

uint32_t write_tensor(Writer& w, const TensorSpec& tensor) {
  std::vector<Field> fields = {
      Writer::offset(0, [&] { return w.vector(tensor.shape); }),
      Writer::scalar(1, tensor.type, 1),
      Writer::scalar(2, tensor.buffer),
      Writer::scalar(5, tensor.variable, 1),
  };
  if (!tensor.scales.empty()) {
    fields.push_back(Writer::offset(4, [&] {
      return w.table({Writer::offset(2, [&] { return w.vector(tensor.scales); }),
                      Writer::offset(3, [&] { return w.vector(tensor.zero_points); }),
                      Writer::scalar(6, tensor.quantized_dimension)});
    }));
  }
  if (!tensor.signature.empty()) {
    fields.push_back(Writer::offset(7, [&] { return w.vector(tensor.signature); }));
  }
  return w.table(fields);
}

uint32_t write_operator(Writer& w, const OperatorSpec& op) {
  std::vector<Field> fields = {
      Writer::scalar(0, op.code),
      Writer::offset(1, [&] { return w.vector(op.inputs); }),
      Writer::offset(2, [&] { return w.vector(op.outputs); }),
  };
  if (op.options_type != 0) {
    fields.push_back(Writer::scalar(3, op.options_type, 1));
    fields.push_back(Writer::offset(4, [&] {
      std::vector<Field> options;
      for (const OptionSpec& option : op.options) {
        options.push_back(Writer::scalar(option.field, option.value, option.bytes));
      }
      if (op.option_vector) {
        options.push_back(Writer::offset(0, [&] { return w.vector(*op.option_vector); }));
      }
      return w.table(options);
    }));
  }
  return w.table(fields);
}

uint32_t write_code(Writer& w, const CodeSpec& code) {
  std::vector<Field> fields = {Writer::scalar(0, code.deprecated, 1),
                               Writer::scalar(2, code.version), Writer::scalar(3, code.builtin)};
  if (!code.custom.empty()) {
    fields.push_back(Writer::offset(1, [&] { return w.string(code.custom); }));
  }
  return w.table(fields);
}

uint32_t write_subgraph(Writer& w, const SubgraphSpec& graph) {
  return w.table({
      Writer::offset(0,
                     [&] {
                       return w.tables<TensorSpec>(graph.tensors, [&](const auto& tensor) {
                         return write_tensor(w, tensor);
                       });
                     }),
      Writer::offset(1, [&] { return w.vector(graph.inputs); }),
      Writer::offset(2, [&] { return w.vector(graph.outputs); }),
      Writer::offset(3,
                     [&] {
                       return w.tables<OperatorSpec>(
                           graph.operators, [&](const auto& op) { return write_operator(w, op); });
                     }),
  });
}

}  // namespace

std::vector<uint8_t> write_model(const ModelSpec& model) {
  Writer w;
  const auto codes = [&] {
    return w.tables<CodeSpec>(model.codes, [&](const auto& code) { return write_code(w, code); });
  };
  const auto graphs = [&] {
    return w.tables<SubgraphSpec>(model.subgraphs,
                                  [&](const auto& graph) { return write_subgraph(w, graph); });
  };
  const auto buffers = [&] {
    return w.tables<std::vector<uint8_t>>(model.buffers, [&](const auto& data) {
      if (data.empty()) return w.table({});
      return w.table({Writer::offset(0, [&] { return w.vector(data, 16); })});
    });
  };
  const auto metadata = [&] {
    return w.tables<uint32_t>(model.metadata_buffers, [&](const auto& buffer) {
      return w.table({Writer::scalar(1, buffer)});
    });
  };
  return w.file({Writer::scalar(0, model.version), Writer::offset(1, codes),
                 Writer::offset(2, graphs), Writer::offset(4, buffers),
                 Writer::offset(6, metadata)});
}

ModelSpec small_convolution() {
  ModelSpec model;
  model.codes = {{.deprecated = 3, .builtin = 3}};
  model.buffers = {{}, std::vector<uint8_t>(4 * 3 * 3 * 4 * 4), std::vector<uint8_t>(4 * 4)};
  model.subgraphs = {{
      .tensors = {{.shape = {1, 8, 8, 4}},
                  {.shape = {4, 3, 3, 4}, .buffer = 1},
                  {.shape = {4}, .buffer = 2},
                  {.shape = {1, 8, 8, 4}}},
      .inputs = {0},
      .outputs = {3},
      .operators =
          {{.inputs = {0, 1, 2}, .outputs = {3}, .options_type = 1, .options = {{1, 1}, {2, 1}}}},
  }};
  return model;
}

}  // namespace ep::test
