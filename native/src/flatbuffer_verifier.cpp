#include <algorithm>

#include "flatbuffer_reader.hpp"

namespace ep {
namespace {

// As the official verifier: a small file can name one table many times over.
constexpr uint32_t kMaxTables = 1'000'000;

bool is_scalar(char mark) { return mark == '1' || mark == '2' || mark == '4' || mark == '8'; }

}  // namespace

struct FlatVerifier::Shape {
  size_t at;
  size_t bytes;
  size_t vtable;
  size_t vtable_bytes;
};

bool FlatVerifier::broken(const char* reason, size_t at) {
  reason_ = reason;
  at_ = at;
  return false;
}

bool FlatVerifier::reach(size_t at, size_t bytes) {
  if (!within(at, bytes)) return false;
  end_ = std::max(end_, at + bytes);
  return true;
}

bool FlatVerifier::follow(size_t at, size_t* target) {
  const uint32_t offset = flat_load<uint32_t>(bytes_ + at);
  if (offset == 0 || !within(at, size_t{offset} + 4)) {
    return broken("an offset points past the end", at);
  }
  *target = at + offset;
  if (*target % 4 != 0) return broken("an offset points between words", at);
  return true;
}

bool FlatVerifier::verify_root(const char* layout) {
  if (!within(0, 8)) return broken("it ends inside its header", 0);
  size_t root = 0;
  return follow(0, &root) && verify_table(root, layout);
}

bool FlatVerifier::verify_table(size_t at, const char* layout) {
  if (++tables_ > kMaxTables) return broken("it has more than 1000000 tables", at);
  if (at % 4 != 0 || !within(at, 4)) return broken("a table is out of bounds", at);
  const int64_t vtable = static_cast<int64_t>(at) - flat_load<int32_t>(bytes_ + at);
  if (vtable < 0 || vtable % 2 != 0 || !within(static_cast<size_t>(vtable), 4)) {
    return broken("a table's field list is out of bounds", at);
  }
  Shape table{at, 0, static_cast<size_t>(vtable), 0};
  table.vtable_bytes = flat_load<uint16_t>(bytes_ + table.vtable);
  table.bytes = flat_load<uint16_t>(bytes_ + table.vtable + 2);
  if (table.vtable_bytes < 4 || table.vtable_bytes % 2 != 0 || table.bytes < 4 ||
      !reach(table.vtable, table.vtable_bytes) || !reach(at, table.bytes)) {
    return broken("a table ends past the end", at);
  }
  uint32_t field = 0;
  for (const char* mark = layout; *mark != '\0'; ++mark, ++field) {
    if (!verify_field(table, field, &mark)) return false;
  }
  return true;
}

bool FlatVerifier::verify_field(const Shape& table, uint32_t field, const char** mark) {
  const char kind = **mark;
  const bool has_letter = kind == 'T' || kind == 'V' || kind == 'U';
  const char letter = has_letter ? *++*mark : '\0';
  const size_t slot = 4 + 2 * size_t{field};
  if (kind == '-' || slot + 2 > table.vtable_bytes) return true;
  const size_t offset = flat_load<uint16_t>(bytes_ + table.vtable + slot);
  if (offset == 0) return true;
  const size_t bytes = is_scalar(kind) ? static_cast<size_t>(kind - '0') : 4;
  if (offset < 4 || offset + bytes > table.bytes) {
    return broken("a field is outside its table", table.at);
  }
  const size_t at = table.at + offset;
  if (at % bytes != 0) return broken("a field is not aligned", at);
  if (is_scalar(kind)) return true;
  return verify_reference(table, field, kind, letter, at);
}

bool FlatVerifier::verify_reference(const Shape& table, uint32_t field, char kind, char letter,
                                    size_t at) {
  if (kind == 'U') {
    const uint8_t type = FlatTable(bytes_ + table.at).get<uint8_t>(field - 1, 0);
    if (type == 0) return true;
    const char* layout = schema_.member(letter, type);
    if (layout == nullptr) return broken("a union has an unknown type", at);
    size_t target = 0;
    return follow(at, &target) && verify_table(target, layout);
  }
  size_t target = 0;
  if (!follow(at, &target)) return false;
  uint32_t length = 0;
  switch (kind) {
    case 'T':
      return verify_table(target, schema_.layout(letter));
    case 'V':
      return verify_tables(target, schema_.layout(letter));
    case 's':
      if (!verify_vector(target, 1, &length)) return false;
      if (!reach(target + 4 + length, 1) || bytes_[target + 4 + length] != 0) {
        return broken("a string has no end", target);
      }
      return true;
    default:
      return verify_vector(target, size_t{1} << (kind - 'a'), &length);
  }
}

bool FlatVerifier::verify_vector(size_t at, size_t element_bytes, uint32_t* length) {
  *length = flat_load<uint32_t>(bytes_ + at);
  if (!reach(at + 4, size_t{*length} * element_bytes)) {
    return broken("a vector ends past the end", at);
  }
  if (*length > 0 && (at + 4) % element_bytes != 0) {
    return broken("a vector's elements are not aligned", at);
  }
  return true;
}

bool FlatVerifier::verify_tables(size_t at, const char* layout) {
  uint32_t length = 0;
  if (!verify_vector(at, 4, &length)) return false;
  for (uint32_t i = 0; i < length; ++i) {
    size_t target = 0;
    if (!follow(at + 4 + size_t{i} * 4, &target) || !verify_table(target, layout)) return false;
  }
  return true;
}

}  // namespace ep
