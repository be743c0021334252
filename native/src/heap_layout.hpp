// What heap.cpp, heap_range.cpp and heap_check.cpp share about the layout of blocks.
#pragma once

#include <cstddef>
#include <cstdint>

#include "heap.hpp"

namespace ep::layout {

// Callers store whatever they like in the payloads that these words overlap.
using Word = uint64_t __attribute__((may_alias));
using Half = uint32_t __attribute__((may_alias));

inline constexpr uint64_t kMagic = 0x65647065706f6f6cULL;
inline constexpr size_t kUnit = kAlignment;
inline constexpr size_t kHeaderBytes = 8;
inline constexpr uint32_t kMinUnits = 2;  // header, two links, where the block starts

}  // namespace ep::layout
