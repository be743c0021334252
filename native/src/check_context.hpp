// What the parts of the model check share: the verified file, the verdict, a budget of work.
#pragma once

#include <cstdint>

#include "check.hpp"
#include "flatbuffer_reader.hpp"
#include "tflite_schema.hpp"

namespace ep {

struct CheckContext {
  const char* name;
  ep_error* error;
  const uint8_t* bytes;
  size_t size;
  FlatTable model;
  ModelTraits traits;
  int32_t status;
  uint32_t subgraph;  // the one being checked
  /** Elements that may still be looked at. A small file can name one long vector from many tables,
   *  which would make the check quadratic. */
  uint64_t budget;

  CheckContext(const char* model_name, const uint8_t* model_bytes, size_t model_size,
               ep_error* model_error)
      : name(model_name),
        error(model_error),
        bytes(model_bytes),
        size(model_size),
        traits{},
        status(EP_OK),
        subgraph(0),
        budget(32'000'000) {}

  /** Give the verdict and return false: the first one is the one that counts. */
  __attribute__((format(printf, 2, 3))) bool damaged(const char* format, ...);
  __attribute__((format(printf, 2, 3))) bool unsupported(const char* format, ...);

  /** Takes `elements` from the budget. */
  bool spend(uint64_t elements);
};

/** A buffer's bytes: inside the FlatBuffers tables, or behind them in files above 2 GiB. */
struct ConstantData {
  const uint8_t* data;
  uint64_t bytes;
};
ConstantData constant_data(const CheckContext& context, FlatTable buffer);
ConstantData tensor_data(const CheckContext& context, FlatTable tensor);

bool check_buffers(CheckContext& context);
bool check_tensor(CheckContext& context, FlatTable tensor, uint32_t index);
bool check_operator(CheckContext& context, FlatTable graph, FlatTable op, uint32_t index);

/** Elements of a shape; 0 where a dimension is 0. The shape was checked. */
uint64_t element_count(FlatVector<int32_t> shape);

/** BuiltinOperator of an operator code, as the runtime takes it from its two fields. */
int32_t builtin_of(FlatTable operator_code);

/** Subgraphs that `op` runs; returns how many, at most 2. */
uint32_t called_subgraphs(FlatTable model, FlatTable op, uint32_t called[2]);

}  // namespace ep
