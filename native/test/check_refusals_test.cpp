// Each way in which a file can lie, and what the model check says to it.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <ostream>

#include "check_support.hpp"

namespace ep::test {
namespace {

struct Lie {
  const char* name;
  int32_t status;
  const char* says;
  std::function<void(ModelSpec&)> tell;
};

void PrintTo(const Lie& lie, std::ostream* out) { *out << lie.name; }

class CheckRefuses : public testing::TestWithParam<Lie> {};

TEST_P(CheckRefuses, WithOneLineThatSaysWhy) {
  ModelSpec model = small_convolution();
  GetParam().tell(model);
  ep_error error{};
  EXPECT_EQ(check(write_model(model), &error), GetParam().status) << error.message;
  EXPECT_EQ(error.status, GetParam().status);
  EXPECT_NE(std::strstr(error.message, GetParam().says), nullptr) << error.message;
  EXPECT_NE(std::strstr(error.message, "model 'm': "), nullptr) << error.message;
  EXPECT_TRUE(one_line(error.message)) << error.message;
}

const Lie kGraphLies[] = {
    {"version", EP_E_UNSUPPORTED, "version is 2", [](ModelSpec& m) { m.version = 2; }},
    {"no_subgraph", EP_E_MALFORMED, "no subgraph", [](ModelSpec& m) { m.subgraphs.clear(); }},
    {"no_buffer", EP_E_MALFORMED, "no buffers", [](ModelSpec& m) { m.buffers.clear(); }},
    {"first_buffer_full", EP_E_MALFORMED, "buffer 0 is not empty",
     [](ModelSpec& m) { m.buffers[0] = {1}; }},
    {"buffer_index", EP_E_MALFORMED, "tensor 1 refers to buffer 99, the file has 3",
     [](ModelSpec& m) { tensor(m, 1).buffer = 99; }},
    {"metadata_buffer", EP_E_MALFORMED, "metadata 0 refers to buffer 7",
     [](ModelSpec& m) { m.metadata_buffers = {7}; }},
    {"graph_input", EP_E_MALFORMED, "input 0 is tensor 4",
     [](ModelSpec& m) { graph(m).inputs = {4}; }},
    {"graph_output", EP_E_MALFORMED, "output 0 is tensor -1",
     [](ModelSpec& m) { graph(m).outputs = {-1}; }},
    {"unwritten_output", EP_E_MALFORMED, "which nothing writes",
     [](ModelSpec& m) {
       graph(m).tensors.push_back({.shape = {1}});
       graph(m).outputs = {4};
     }},
    {"code_index", EP_E_MALFORMED, "code index 1", [](ModelSpec& m) { op(m).code = 1; }},
    {"operator_input", EP_E_MALFORMED, "reads tensor 1000",
     [](ModelSpec& m) { op(m).inputs[1] = 1000; }},
    {"operator_input_missing", EP_E_MALFORMED, "reads tensor -1",
     [](ModelSpec& m) { op(m).inputs[0] = -1; }},
    {"operator_input_negative", EP_E_MALFORMED, "reads tensor -2",
     [](ModelSpec& m) { op(m).inputs[2] = -2; }},
    {"operator_output", EP_E_MALFORMED, "writes tensor -1",
     [](ModelSpec& m) { op(m).outputs = {-1}; }},
    {"writes_constant", EP_E_MALFORMED, "which is constant",
     [](ModelSpec& m) { op(m).outputs = {1}; }},
    {"in_and_out", EP_E_MALFORMED, "reads and writes tensor 0",
     [](ModelSpec& m) { op(m).outputs = {0}; }},
    {"read_before_written", EP_E_MALFORMED, "reads tensor 4 before it is written",
     [](ModelSpec& m) {
       graph(m).tensors.push_back({.shape = {1, 8, 8, 4}});
       op(m).inputs[0] = 4;
     }},
    {"custom_operator", EP_E_UNSUPPORTED, "custom operator 'Evil?Op'",
     [](ModelSpec& m) { m.codes[0] = {.deprecated = 32, .builtin = 32, .custom = "Evil\nOp"}; }},
    {"delegate_operator", EP_E_MALFORMED, "code 51", [](ModelSpec& m) { plain_operator(m, 51); }},
    {"negative_operator", EP_E_MALFORMED, "code -5",
     [](ModelSpec& m) { m.codes[0] = {.deprecated = -5, .builtin = -6}; }},
    {"unknown_operator", EP_E_UNSUPPORTED, "code 9999",
     [](ModelSpec& m) { plain_operator(m, 9999); }},
    {"operator_version", EP_E_MALFORMED, "version 0", [](ModelSpec& m) { m.codes[0].version = 0; }},
    {"calls_nothing", EP_E_MALFORMED, "runs subgraph 5", [](ModelSpec& m) { call(m, 0, 5); }},
    {"calls_itself", EP_E_MALFORMED, "calls itself", [](ModelSpec& m) { call(m, 0, 0); }},
    {"calls_in_a_circle", EP_E_MALFORMED, "calls itself",
     [](ModelSpec& m) {
       call(m, 2, 1);
       call(m, 1, 2);
     }},
    {"calls_too_deep", EP_E_UNSUPPORTED, "deep",
     [](ModelSpec& m) {
       for (int32_t i = 40; i > 0; --i) call(m, static_cast<uint32_t>(i - 1), i);
       m.subgraphs.push_back({.tensors = {{.shape = {1}}}});
     }},
    {"second_subgraph", EP_E_MALFORMED, "subgraph 1: tensor 0",
     [](ModelSpec& m) { m.subgraphs.push_back({.tensors = {{.shape = {-3}}}}); }},
};

const Lie kTensorLies[] = {
    {"type", EP_E_UNSUPPORTED, "type 77", [](ModelSpec& m) { tensor(m, 0).type = 77; }},
    {"negative_dimension", EP_E_MALFORMED, "dimension of -1",
     [](ModelSpec& m) { tensor(m, 0).shape[1] = -1; }},
    {"product_overflows", EP_E_MALFORMED, "larger than 2 GiB",
     [](ModelSpec& m) {
       tensor(m, 0).shape = {1 << 30, 1 << 30, 1 << 30, 1 << 30};
     }},
    {"largest_dimension", EP_E_MALFORMED, "larger than 2 GiB",
     [](ModelSpec& m) { tensor(m, 3).shape = {INT32_MAX}; }},
    {"rank", EP_E_UNSUPPORTED, "9 dimensions",
     [](ModelSpec& m) { tensor(m, 0).shape = {1, 1, 1, 1, 1, 1, 1, 1, 1}; }},
    {"signature_rank", EP_E_MALFORMED, "signature",
     [](ModelSpec& m) { tensor(m, 0).signature = {-1}; }},
    {"signature_dimension", EP_E_MALFORMED, "-2 in its signature",
     [](ModelSpec& m) {
       tensor(m, 0).signature = {-2, 8, 8, 4};
     }},
    {"short_constant", EP_E_MALFORMED, "needs 576 bytes, its buffer has 575",
     [](ModelSpec& m) { m.buffers[1].resize(575); }},
    {"long_constant", EP_E_MALFORMED, "needs 16 bytes, its buffer has 32",
     [](ModelSpec& m) { m.buffers[2].resize(32); }},
    {"constant_handle", EP_E_MALFORMED, "handle", [](ModelSpec& m) { tensor(m, 2).type = 13; }},
    {"strings", EP_E_MALFORMED, "strings",
     [](ModelSpec& m) {
       tensor(m, 2).type = 5;
       m.buffers[2] = {255, 255, 255, 127, 0, 0, 0, 0};
     }},
    {"string_bounds", EP_E_MALFORMED, "string out of bounds",
     [](ModelSpec& m) {
       tensor(m, 2).type = 5;
       m.buffers[2] = {1, 0, 0, 0, 12, 0, 0, 0, 99, 0, 0, 0};
     }},
    {"scale_count", EP_E_MALFORMED, "2 scales and 1 zero points",
     [](ModelSpec& m) {
       tensor(m, 0).scales = {1, 1};
       tensor(m, 0).zero_points = {0};
     }},
    {"scale_dimension", EP_E_MALFORMED, "not the size of dimension 9",
     [](ModelSpec& m) {
       tensor(m, 0).scales = {1, 1};
       tensor(m, 0).zero_points = {0, 0};
       tensor(m, 0).quantized_dimension = 9;
     }},
    {"scale_value", EP_E_MALFORMED, "scale of inf",
     [](ModelSpec& m) {
       tensor(m, 0).scales = {HUGE_VALF};
       tensor(m, 0).zero_points = {0};
     }},
    {"zero_point", EP_E_MALFORMED, "zero point of 128",
     [](ModelSpec& m) {
       tensor(m, 0).type = 9;
       tensor(m, 0).scales = {1};
       tensor(m, 0).zero_points = {128};
     }},
};

const Lie kOptionLies[] = {
    {"no_options", EP_E_MALFORMED, "lacks its options",
     [](ModelSpec& m) { op(m).options_type = 0; }},
    {"other_options", EP_E_MALFORMED, "lacks its options",
     [](ModelSpec& m) { op(m).options_type = 5; }},
    {"stride", EP_E_MALFORMED, "stride of 0",
     [](ModelSpec& m) {
       op(m).options = {{1, 1}};
     }},
    {"stride_negative", EP_E_MALFORMED, "stride of -1",
     [](ModelSpec& m) { op(m).options[0].value = -1; }},
    {"dilation", EP_E_MALFORMED, "dilation of 0",
     [](ModelSpec& m) {
       op(m).options.push_back({4, 0});
     }},
    {"pool_filter", EP_E_MALFORMED, "filter size of 0",
     [](ModelSpec& m) {
       plain_operator(m, 1);
       op(m).options_type = 5;
       op(m).options = {{1, 1}, {2, 1}, {3, 2}, {4, 0}};
     }},
    {"depth_multiplier", EP_E_MALFORMED, "depth multiplier of 0",
     [](ModelSpec& m) {
       m.codes[0] = {.deprecated = 4, .builtin = 4};
       op(m).options_type = 2;
     }},
    {"block_size", EP_E_MALFORMED, "block size of 0",
     [](ModelSpec& m) {
       plain_operator(m, 26);
       op(m).options_type = 19;
     }},
    {"split", EP_E_MALFORMED, "number of parts of 0",
     [](ModelSpec& m) {
       plain_operator(m, 49);
       op(m).options_type = 35;
     }},
    {"filter_channels", EP_E_MALFORMED, "5 input channels",
     [](ModelSpec& m) {
       tensor(m, 0).shape = {1, 8, 8, 5};
     }},
    {"no_channels", EP_E_MALFORMED, "0 input channels",
     [](ModelSpec& m) {
       tensor(m, 0).shape = {1, 8, 8, 0};
     }},
    {"empty_filter", EP_E_MALFORMED, "filter with a dimension of 0",
     [](ModelSpec& m) {
       tensor(m, 1).shape = {4, 3, 3, 0};
       m.buffers[1].clear();
     }},
    {"no_filter", EP_E_MALFORMED, "no filter", [](ModelSpec& m) { op(m).inputs = {0}; }},
    {"filter_rank", EP_E_MALFORMED, "filter of 1 dimensions",
     [](ModelSpec& m) {
       op(m).inputs = {0, 2, 2};
     }},
    {"new_shape_product", EP_E_MALFORMED, "no tensor can have",
     [](ModelSpec& m) {
       plain_operator(m, 22);
       op(m).options_type = 17;
       op(m).option_vector = {65536, 65536};
     }},
    {"new_shape_open", EP_E_MALFORMED, "leaves 2 dimensions open",
     [](ModelSpec& m) {
       plain_operator(m, 22);
       op(m).options_type = 17;
       op(m).option_vector = {-1, -1};
     }},
    {"new_shape_constant", EP_E_MALFORMED, "no tensor can have",
     [](ModelSpec& m) {
       plain_operator(m, 22);
       op(m).inputs = {0, 2};
       tensor(m, 2).type = 2;
       m.buffers[2] = {0, 0, 0, 128, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0};
     }},
};

std::string lie_name(const testing::TestParamInfo<Lie>& info) { return info.param.name; }
INSTANTIATE_TEST_SUITE_P(Graph, CheckRefuses, testing::ValuesIn(kGraphLies), lie_name);
INSTANTIATE_TEST_SUITE_P(Tensor, CheckRefuses, testing::ValuesIn(kTensorLies), lie_name);
INSTANTIATE_TEST_SUITE_P(Options, CheckRefuses, testing::ValuesIn(kOptionLies), lie_name);

}  // namespace
}  // namespace ep::test
