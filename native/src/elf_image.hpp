// The shared libraries of this process as the dynamic linker sees them: which there are, which one
// needs which, and the relocations in each that name a symbol.
#pragma once

#include <elf.h>
#include <link.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ep {

/** What a library is to the binder. */
enum class LibraryKind {
  kRuntime,  // the TensorFlow Lite library and what it brings along
  kCxx,      // libstdc++ or libc++: shared with the whole process
  kLibc,     // the libc family: never touched
};

/** One loaded shared library. Valid while the library is loaded. */
class ElfImage {
 public:
  /** From one entry of dl_iterate_phdr. */
  explicit ElfImage(const dl_phdr_info& info);

  uintptr_t base() const { return base_; }
  const std::string& path() const { return path_; }
  /** DT_SONAME, else the file's name. */
  const std::string& soname() const { return soname_; }
  const std::vector<std::string>& needed() const { return needed_; }
  LibraryKind kind() const;

  /** A relocation that stores a symbol's address, without an addend, in one pointer-sized slot. */
  struct Slot {
    uintptr_t* address;
    std::string_view symbol;
  };
  /** JUMP_SLOT, GLOB_DAT and absolute relocations of DT_RELA and DT_JMPREL. DT_RELR and relative
   *  relocations name no symbol. */
  std::vector<Slot> slots() const;

  struct Segment {
    uintptr_t begin;
    uintptr_t end;
    uint32_t flags;  // PF_R, PF_W, PF_X
  };
  /** PT_LOAD, to whole pages. */
  const std::vector<Segment>& segments() const { return segments_; }

 private:
  void read_dynamic(const ElfW(Dyn) * dynamic);
  void append_slots(uintptr_t table, size_t bytes, std::vector<Slot>* out) const;

  uintptr_t base_;
  std::string path_;
  std::string soname_;
  std::vector<std::string> needed_;
  std::vector<Segment> segments_;
  const char* strings_ = nullptr;
  const ElfW(Sym) * symbols_ = nullptr;
  uintptr_t rela_ = 0;
  size_t rela_bytes_ = 0;
  uintptr_t plt_rela_ = 0;
  size_t plt_rela_bytes_ = 0;
};

/** Every library that is loaded now, in the linker's order; the program itself comes first. */
std::vector<ElfImage> loaded_images();

/** The image at `base` and, in turn, what it needs, without the libc family. Empty iff no image
 *  lies there. */
std::vector<ElfImage> closure_of(uintptr_t base, const std::vector<ElfImage>& images);

}  // namespace ep
