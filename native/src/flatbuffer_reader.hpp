// Reads FlatBuffers without a generated header: tables, vectors and strings by field number.
//
// The format (https://flatbuffers.dev/internals): a table begins with a signed offset back to its
// vtable; the vtable holds its own size, the table's size, then one 16-bit offset a field, 0 for a
// field that is absent. Vectors and strings are a 32-bit length and then the elements; references
// are unsigned 32-bit offsets forward. Everything is little-endian.
//
// Two steps: FlatVerifier proves once that a whole file lies in bounds and is aligned; the views
// below trust that and read with memcpy, so the bytes may stand at any address.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace ep {

template <typename T>
T flat_load(const uint8_t* at) {
  T value;
  std::memcpy(&value, at, sizeof(value));
  return value;
}

/** A vector of scalars; empty where the field is absent. */
template <typename T>
class FlatVector {
 public:
  FlatVector() = default;
  explicit FlatVector(const uint8_t* length_at)
      : first_(length_at + 4), size_(flat_load<uint32_t>(length_at)) {}

  uint32_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  T operator[](uint32_t index) const { return flat_load<T>(first_ + size_t{index} * sizeof(T)); }
  const uint8_t* data() const { return first_; }

 private:
  const uint8_t* first_ = nullptr;
  uint32_t size_ = 0;
};

class FlatTables;

/** One table; an absent one has no fields. */
class FlatTable {
 public:
  FlatTable() = default;
  explicit FlatTable(const uint8_t* at) : at_(at) {}

  explicit operator bool() const { return at_ != nullptr; }
  bool has(uint32_t field) const { return find(field) != nullptr; }

  template <typename T>
  T get(uint32_t field, T absent) const {
    const uint8_t* at = find(field);
    return at == nullptr ? absent : flat_load<T>(at);
  }
  template <typename T>
  FlatVector<T> vector(uint32_t field) const {
    const uint8_t* at = target(field);
    return at == nullptr ? FlatVector<T>() : FlatVector<T>(at);
  }
  FlatTable table(uint32_t field) const { return FlatTable(target(field)); }
  std::string_view string(uint32_t field) const {
    const FlatVector<char> text = vector<char>(field);
    return {reinterpret_cast<const char*>(text.data()), text.size()};
  }
  inline FlatTables tables(uint32_t field) const;

 private:
  const uint8_t* find(uint32_t field) const {
    if (at_ == nullptr) return nullptr;
    const uint8_t* vtable = at_ - flat_load<int32_t>(at_);
    const uint32_t slot = 4 + 2 * field;
    if (slot + 2 > flat_load<uint16_t>(vtable)) return nullptr;
    const uint16_t offset = flat_load<uint16_t>(vtable + slot);
    return offset == 0 ? nullptr : at_ + offset;
  }
  const uint8_t* target(uint32_t field) const {
    const uint8_t* at = find(field);
    return at == nullptr ? nullptr : at + flat_load<uint32_t>(at);
  }

  const uint8_t* at_ = nullptr;
};

/** A vector of tables. */
class FlatTables {
 public:
  explicit FlatTables(FlatVector<uint32_t> offsets) : offsets_(offsets) {}
  uint32_t size() const { return offsets_.size(); }
  FlatTable operator[](uint32_t index) const {
    return FlatTable(offsets_.data() + size_t{index} * 4 + offsets_[index]);
  }

 private:
  FlatVector<uint32_t> offsets_;
};

inline FlatTables FlatTable::tables(uint32_t field) const {
  return FlatTables(vector<uint32_t>(field));
}

/**
 * A table's fields in order of number, one mark each:
 *   1 2 4 8  a scalar of so many bytes          a b c d  a vector of scalars of 1, 2, 4, 8 bytes
 *   s        a string                           -        a field that nobody reads
 *   T? V?    a table, a vector of tables of layout `?`
 *   U?       a union of layouts `?`; the field before it holds its type
 */
struct FlatSchema {
  const char* (*layout)(char letter);
  /** Null iff the union has no such type. */
  const char* (*member)(char letter, uint8_t type);
};

/** Proves that every table, vtable, vector and string that can be reached from the root lies in
 *  bounds, is aligned and, for a string, ends in NUL. Cost: linear in tables. A layout must not
 *  contain itself, which bounds the depth. */
class FlatVerifier {
 public:
  FlatVerifier(const uint8_t* bytes, size_t size, const FlatSchema& schema)
      : bytes_(bytes), size_(size), schema_(schema) {}

  bool verify_root(const char* layout);
  FlatTable root() const { return FlatTable(bytes_ + flat_load<uint32_t>(bytes_)); }
  /** What is broken, and where, after `verify_root` has returned false. */
  const char* reason() const { return reason_; }
  size_t at() const { return at_; }
  /** Where the last byte that can be reached ends, after `verify_root` has returned true. */
  size_t end() const { return end_; }

 private:
  struct Shape;
  bool broken(const char* reason, size_t at);
  bool within(size_t at, size_t bytes) const { return at <= size_ && bytes <= size_ - at; }
  /** As `within`, and moves `end`. */
  bool reach(size_t at, size_t bytes);
  bool follow(size_t at, size_t* target);
  bool verify_table(size_t at, const char* layout);
  bool verify_field(const Shape& table, uint32_t field, const char** mark);
  bool verify_reference(const Shape& table, uint32_t field, char kind, char letter, size_t at);
  bool verify_vector(size_t at, size_t element_bytes, uint32_t* length);
  bool verify_tables(size_t at, const char* layout);

  const uint8_t* bytes_;
  size_t size_;
  const FlatSchema& schema_;
  uint32_t tables_ = 0;
  const char* reason_ = nullptr;
  size_t at_ = 0;
  size_t end_ = 0;
};

}  // namespace ep
