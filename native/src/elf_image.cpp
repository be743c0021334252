#include "elf_image.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>

namespace ep {
namespace {

#if defined(__x86_64__)
constexpr std::array<uint32_t, 3> kSymbolRelocations = {R_X86_64_JUMP_SLOT, R_X86_64_GLOB_DAT,
                                                        R_X86_64_64};
#elif defined(__aarch64__)
constexpr std::array<uint32_t, 3> kSymbolRelocations = {R_AARCH64_JUMP_SLOT, R_AARCH64_GLOB_DAT,
                                                        R_AARCH64_ABS64};
#else
#error "edgepool knows the relocations of x86-64 and AArch64 only"
#endif

std::string file_name(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? path : path.substr(slash + 1);
}

bool begins_with_any(std::string_view name, std::initializer_list<std::string_view> prefixes) {
  return std::any_of(prefixes.begin(), prefixes.end(), [&](std::string_view prefix) {
    return name.substr(0, prefix.size()) == prefix;
  });
}

int append_image(dl_phdr_info* info, size_t, void* context) {
  static_cast<std::vector<ElfImage>*>(context)->emplace_back(*info);
  return 0;
}

}  // namespace

ElfImage::ElfImage(const dl_phdr_info& info)
    : base_(info.dlpi_addr), path_(info.dlpi_name == nullptr ? "" : info.dlpi_name) {
  const uintptr_t page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  const ElfW(Dyn)* dynamic = nullptr;
  for (size_t i = 0; i < info.dlpi_phnum; ++i) {
    const ElfW(Phdr)& header = info.dlpi_phdr[i];
    const uintptr_t begin = base_ + header.p_vaddr;
    if (header.p_type == PT_DYNAMIC) dynamic = reinterpret_cast<const ElfW(Dyn)*>(begin);
    if (header.p_type != PT_LOAD) continue;
    segments_.push_back(
        {begin & ~(page - 1), (begin + header.p_memsz + page - 1) & ~(page - 1), header.p_flags});
  }
  if (dynamic != nullptr) read_dynamic(dynamic);
  if (soname_.empty()) soname_ = file_name(path_);
}

void ElfImage::read_dynamic(const ElfW(Dyn) * dynamic) {
  // glibc stores addresses in the dynamic section in place, other linkers leave offsets.
  const auto address = [this](ElfW(Addr) value) { return value < base_ ? base_ + value : value; };
  std::vector<size_t> needed;
  size_t soname = 0;
  for (const ElfW(Dyn)* entry = dynamic; entry->d_tag != DT_NULL; ++entry) {
    switch (entry->d_tag) {
      case DT_STRTAB:
        strings_ = reinterpret_cast<const char*>(address(entry->d_un.d_ptr));
        break;
      case DT_SYMTAB:
        symbols_ = reinterpret_cast<const ElfW(Sym)*>(address(entry->d_un.d_ptr));
        break;
      case DT_RELA:
        rela_ = address(entry->d_un.d_ptr);
        break;
      case DT_RELASZ:
        rela_bytes_ = entry->d_un.d_val;
        break;
      case DT_JMPREL:
        plt_rela_ = address(entry->d_un.d_ptr);
        break;
      case DT_PLTRELSZ:
        plt_rela_bytes_ = entry->d_un.d_val;
        break;
      case DT_SONAME:
        soname = entry->d_un.d_val;
        break;
      case DT_NEEDED:
        needed.push_back(entry->d_un.d_val);
        break;
      default:
        break;
    }
  }
  if (strings_ == nullptr) return;
  if (soname != 0) soname_ = strings_ + soname;
  for (const size_t offset : needed) needed_.emplace_back(strings_ + offset);
}

LibraryKind ElfImage::kind() const {
  if (begins_with_any(soname_, {"libstdc++.so", "libc++.so", "libc++abi.so"})) {
    return LibraryKind::kCxx;
  }
  if (begins_with_any(soname_, {"libc.so", "libm.so", "libmvec.so", "libpthread.so", "libdl.so",
                                "librt.so", "ld-linux", "libgcc_s.so", "linux-vdso"})) {
    return LibraryKind::kLibc;
  }
  return LibraryKind::kRuntime;
}

void ElfImage::append_slots(uintptr_t table, size_t bytes, std::vector<Slot>* out) const {
  const auto* relocations = reinterpret_cast<const ElfW(Rela)*>(table);
  for (size_t i = 0; i < bytes / sizeof(ElfW(Rela)); ++i) {
    const ElfW(Rela)& relocation = relocations[i];
    const uint32_t type = static_cast<uint32_t>(ELF64_R_TYPE(relocation.r_info));
    const size_t symbol = ELF64_R_SYM(relocation.r_info);
    const bool names_symbol = std::find(kSymbolRelocations.begin(), kSymbolRelocations.end(),
                                        type) != kSymbolRelocations.end();
    if (!names_symbol || symbol == 0 || relocation.r_addend != 0) continue;
    out->push_back({reinterpret_cast<uintptr_t*>(base_ + relocation.r_offset),
                    strings_ + symbols_[symbol].st_name});
  }
}

std::vector<ElfImage::Slot> ElfImage::slots() const {
  std::vector<Slot> slots;
  if (strings_ == nullptr || symbols_ == nullptr) return slots;
  append_slots(rela_, rela_bytes_, &slots);
  append_slots(plt_rela_, plt_rela_bytes_, &slots);
  return slots;
}

std::vector<ElfImage> loaded_images() {
  std::vector<ElfImage> images;
  dl_iterate_phdr(append_image, &images);
  return images;
}

std::vector<ElfImage> closure_of(uintptr_t base, const std::vector<ElfImage>& images) {
  std::vector<ElfImage> closure;
  const auto add = [&](const auto& matches) {
    const auto image = std::find_if(images.begin(), images.end(), matches);
    if (image == images.end() || image->kind() == LibraryKind::kLibc) return;
    const bool known = std::any_of(closure.begin(), closure.end(), [&](const ElfImage& other) {
      return other.base() == image->base();
    });
    if (!known) closure.push_back(*image);
  };
  add([&](const ElfImage& image) { return image.base() == base; });
  for (size_t i = 0; i < closure.size(); ++i) {
    const std::vector<std::string> needed = closure[i].needed();
    for (const std::string& name : needed) {
      add([&](const ElfImage& image) {
        return image.soname() == name || file_name(image.path()) == name;
      });
    }
  }
  return closure;
}

}  // namespace ep
