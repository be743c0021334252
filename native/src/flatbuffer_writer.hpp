// Writes a FlatBuffers file front to back: parents first, their references filled in when the
// children have been written. Enough for the warm-up models; no deduplication.
// Format: FlatBuffers, "internals": a table starts with the distance back to its vtable, references
// are distances forward, vectors start with their length.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <vector>

namespace ep {

class FlatbufferWriter {
 public:
  /** A field of a table: its number in the schema, its size and value. References are 4 bytes and
   *  set later with `refer`. */
  struct Field {
    uint16_t id;
    uint16_t bytes;
    uint64_t value;
  };
  static Field reference(uint16_t id) { return {id, 4, 0}; }

  /** The root reference and the identifier that follows it. */
  explicit FlatbufferWriter(const char (&identifier)[5]) {
    bytes_.resize(4);
    bytes_.insert(bytes_.end(), identifier, identifier + 4);
  }

  /** Writes a table; returns where it begins. Fields must come in order of id. */
  size_t table(std::initializer_list<Field> fields) {
    const size_t slots = fields.size() == 0 ? 0 : (fields.end() - 1)->id + size_t{1};
    align(8, (4 + 2 * slots) % 8);
    const size_t vtable = bytes_.size();
    bytes_.resize(vtable + 4 + 2 * slots);
    const size_t begin = bytes_.size();
    put<int32_t>(static_cast<int32_t>(begin - vtable));
    for (const Field& field : fields) {
      align(field.bytes, 0);
      store<uint16_t>(vtable + 4 + size_t{2} * field.id,
                      static_cast<uint16_t>(bytes_.size() - begin));
      const auto* value = reinterpret_cast<const uint8_t*>(&field.value);
      bytes_.insert(bytes_.end(), value, value + field.bytes);
    }
    store<uint16_t>(vtable, static_cast<uint16_t>(4 + 2 * slots));
    store<uint16_t>(vtable + 2, static_cast<uint16_t>(bytes_.size() - begin));
    return begin;
  }

  /** Where field `id` of the table at `begin` lies. */
  size_t field(size_t begin, uint16_t id) const {
    const size_t vtable = begin - load<int32_t>(begin);
    return begin + load<uint16_t>(vtable + 4 + size_t{2} * id);
  }

  /** A vector of numbers, its first element aligned to `alignment`. */
  template <typename Number>
  size_t numbers(const std::vector<Number>& values, size_t alignment = sizeof(Number)) {
    align(alignment < 4 ? 4 : alignment, 4);
    const size_t begin = bytes_.size();
    put<uint32_t>(static_cast<uint32_t>(values.size()));
    const auto* data = reinterpret_cast<const uint8_t*>(values.data());
    bytes_.insert(bytes_.end(), data, data + values.size() * sizeof(Number));
    return begin;
  }

  /** A vector of `count` references, set later: the i-th lies at the returned place + 4 + 4 i. */
  size_t references(size_t count) { return numbers(std::vector<uint32_t>(count)); }

  /** Makes the reference at `place` lead to `target`, which lies behind it; place 0 is the root. */
  void refer(size_t place, size_t target) {
    store<uint32_t>(place, static_cast<uint32_t>(target - place));
  }

  std::vector<uint8_t> take() { return std::move(bytes_); }

 private:
  /** Pads so that what follows `ahead` bytes from here is aligned. */
  void align(size_t alignment, size_t ahead) {
    while ((bytes_.size() + ahead) % alignment != 0) bytes_.push_back(0);
  }
  template <typename Number>
  void put(Number value) {
    bytes_.resize(bytes_.size() + sizeof value);
    store(bytes_.size() - sizeof value, value);
  }
  template <typename Number>
  void store(size_t at, Number value) {
    std::memcpy(&bytes_[at], &value, sizeof value);
  }
  template <typename Number>
  Number load(size_t at) const {
    Number value;
    std::memcpy(&value, &bytes_[at], sizeof value);
    return value;
  }

  std::vector<uint8_t> bytes_;
};

}  // namespace ep
