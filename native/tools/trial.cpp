// Loads a model in a process of its own and tells on stdout, as one line of JSON, what became of
// it: once in a pool that may grow, which shows its peak and which blocks stay, so that those after
// it know where each block goes (ep_pool_place); then, for each chunk, in pools of the peak and
// more until one is large enough, because blocks of a full pool may lie so that a large one does
// not fit between them; and once more with every operation on its pool recorded, if that is wanted.
// A model that crashes the runtime crashes this program and nothing else; who started it sees the
// signal.
//
//   edgepool-trial LIBRARY MODEL NAME THREADS DELEGATE CHUNK_BYTES[,CHUNK_BYTES]... CAPACITY_BYTES
//                  [RECORD_FILE INVOKES]
//
// LIBRARY has the TensorFlow Lite C API, DELEGATE is the number of an ep_delegate, CAPACITY_BYTES
// is the size of the region for the trial, INVOKES is how often the model runs after its first run.
// The record is of a pool of the first chunk. Exit status: 0 told, 2 wrong usage.
#include "trial.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

namespace {

using trial::Arguments;
using trial::Findings;
using trial::Fit;

// What a heap keeps for itself; less than a page.
constexpr uint64_t kHeapBytes = 4096;
// Of the first load, of which nobody knows yet how many there are.
constexpr uint32_t kMostRecords = 1u << 17;
// Share of a pool that a model should use of it at its peak, where it has a choice.
constexpr double kLeastUse = 0.9;
// Which of a model's threads allocates first differs from load to load, and with it where blocks
// lie: a size is believed when so many loads in a row have fitted.
constexpr uint32_t kLoadsOfThreads = 4;

std::string quoted(const char* text) {
  std::string out = "\"";
  for (const char* at = text; *at != '\0'; ++at) {
    const auto byte = static_cast<unsigned char>(*at);
    if (byte == '"' || byte == '\\') out += '\\';
    if (byte >= 0x20) {
      out += *at;
    } else {
      char escape[8];
      snprintf(escape, sizeof(escape), "\\u%04x", byte);
      out += escape;
    }
  }
  return out + '"';
}

void tell_failure(const ep_error& error) {
  printf("{\"ok\":false,\"status\":%d,\"message\":%s}\n", error.status,
         quoted(error.message).c_str());
}

std::string hexadecimal(const std::vector<uint8_t>& bytes) {
  std::string out;
  for (const uint8_t byte : bytes) {
    char text[3];
    snprintf(text, sizeof(text), "%02x", byte);
    out += text;
  }
  return out;
}

std::string fits_of(const Findings& findings) {
  std::string out;
  for (const Fit& fit : findings.fits) {
    char text[160];
    snprintf(text, sizeof(text),
             "%s{\"chunk_bytes\":%" PRIu32 ",\"mapped_bytes\":%" PRIu64 ",\"pool_bytes\":%" PRIu64
             "}",
             out.empty() ? "" : ",", fit.chunk_bytes, fit.mapped_bytes, fit.pool_bytes);
    out += text;
  }
  return out;
}

void tell_success(const Findings& findings) {
  const ep_pool_stats& stats = findings.stats;
  const ep_model_info& info = findings.info;
  printf("{\"ok\":true,\"peak_bytes\":%" PRIu64 ",\"live_bytes\":%" PRIu64
         ",\"requested_bytes\":%" PRIu64 ",\"live_blocks\":%" PRIu64 ",\"fits\":[%s],",
         findings.peak_bytes, stats.live_bytes, stats.requested_bytes, stats.live_blocks,
         fits_of(findings).c_str());
  printf("\"file_bytes\":%" PRIu64 ",\"delegate\":%" PRIu32 ",\"delegate_tried\":%" PRIu32
         ",\"open_size\":%" PRIu32 ",\"load_ns\":%" PRIu64 ",\"allocations\":%" PRIu64
         ",\"external_fragmentation\":%.9f,\"internal_fragmentation\":%.9f,\"ends\":\"%s\"}\n",
         info.file_bytes, info.delegate, info.delegate_tried, info.open_size, info.load_ns,
         stats.allocations, stats.external_fragmentation, stats.internal_fragmentation,
         hexadecimal(findings.ends.bits).c_str());
}

int32_t open_runtime(const Arguments& arguments, ep_region** region, ep_runtime** runtime,
                     ep_error* error) {
  ep_region_options region_options = {};
  region_options.capacity_bytes = arguments.capacity_bytes;
  region_options.pages = EP_PAGES_ORDINARY;
  const int32_t status = ep_region_create(&region_options, region, error);
  if (status != EP_OK) return status;
  const ep_runtime_options runtime_options = {arguments.library, 0};
  return ep_runtime_open(*region, &runtime_options, runtime, error);
}

uint64_t round_up(uint64_t bytes, uint64_t step) { return (bytes + step - 1) / step * step; }

/** Whether a pool of this size takes the model: with several threads, each time of several. */
int32_t load_into_fit(const Arguments& arguments, ep_region* region, ep_runtime* runtime,
                      const trial::PoolSize& size, Findings* findings, ep_error* error) {
  const uint32_t loads = arguments.threads > 1 ? kLoadsOfThreads : 1;
  int32_t status = EP_OK;
  for (uint32_t i = 0; status == EP_OK && i < loads; ++i) {
    status = load_once(arguments, region, runtime, size, findings, error);
  }
  return status;
}

/** From the peak in steps of a hundredth of it. */
int32_t find_fit(const Arguments& arguments, ep_region* region, ep_runtime* runtime, uint32_t chunk,
                 Findings* findings, ep_error* error) {
  const uint64_t step = round_up(findings->peak_bytes / 100, chunk);
  uint64_t size = round_up(findings->peak_bytes + kHeapBytes, chunk);
  int32_t status = EP_E_POOL_FULL;
  for (; status == EP_E_POOL_FULL; size += step) {
    status = load_into_fit(arguments, region, runtime, {chunk, size, size, 0}, findings, error);
  }
  if (status != EP_OK) return status;
  const uint64_t mapped = size - step;
  const uint64_t quota = round_up(findings->peak_bytes * 120 / 100, chunk);
  findings->fits.push_back({chunk, mapped, std::max(mapped, quota)});
  return EP_OK;
}

int32_t find_fits(const Arguments& arguments, ep_region* region, ep_runtime* runtime,
                  Findings* findings, ep_error* error) {
  findings->fits.clear();
  int32_t status = EP_OK;
  for (size_t i = 0; status == EP_OK && i < arguments.chunk_bytes.size(); ++i) {
    status = find_fit(arguments, region, runtime, arguments.chunk_bytes[i], findings, error);
  }
  return status;
}

/** Threads free some blocks later than one thread does, and a scratch buffer may then lie between
 *  blocks that stay. Where the ends cost that much, the model is better off without them. */
int32_t settle_ends(const Arguments& arguments, ep_region* region, ep_runtime* runtime,
                    Findings* findings, ep_error* error) {
  int32_t status = find_fits(arguments, region, runtime, findings, error);
  if (status != EP_OK) return status;
  const Fit& with_ends = findings->fits.front();
  if (findings->peak_bytes >= with_ends.mapped_bytes * kLeastUse) return EP_OK;
  Findings without = *findings;
  without.ends = {};
  status = find_fits(arguments, region, runtime, &without, error);
  if (status != EP_OK) return status;
  if (without.fits.front().mapped_bytes < with_ends.mapped_bytes) *findings = without;
  return EP_OK;
}

int32_t record(const Arguments& arguments, ep_region* region, ep_runtime* runtime,
               Findings* findings, ep_error* error) {
  const Fit& fit = findings->fits.front();
  // Each allocation is freed at most once, and resized a few times at most.
  const auto room = static_cast<uint32_t>(4 * findings->stats.allocations + 1024);
  const trial::PoolSize size = {fit.chunk_bytes, fit.pool_bytes, fit.mapped_bytes, room};
  const int32_t status = load_once(arguments, region, runtime, size, findings, error);
  return status != EP_OK ? status : write_records(arguments, *findings, error);
}

int32_t try_model(const Arguments& arguments, Findings* findings, ep_error* error) {
  int32_t status = ep_model_check_file(arguments.model, 0, error);
  if (status != EP_OK) return status;
  ep_region* region = nullptr;
  ep_runtime* runtime = nullptr;
  status = open_runtime(arguments, &region, &runtime, error);
  if (status != EP_OK) return status;
  const uint32_t chunk = arguments.chunk_bytes.front();
  const trial::PoolSize growing = {chunk, arguments.capacity_bytes, 0, kMostRecords};
  status = load_once(arguments, region, runtime, growing, findings, error);
  if (status != EP_OK) return status;
  findings->ends = trial::choose_ends(findings->records);
  status = settle_ends(arguments, region, runtime, findings, error);
  if (status != EP_OK || arguments.record_file == nullptr) return status;
  return record(arguments, region, runtime, findings, error);
}

uint32_t number(const char* word) { return static_cast<uint32_t>(strtoul(word, nullptr, 10)); }

/** `16384,32768`; empty where it is no such list. */
std::vector<uint32_t> numbers(const char* word) {
  std::vector<uint32_t> out;
  for (char* end = nullptr; *word != '\0'; word = *end == ',' ? end + 1 : end) {
    out.push_back(static_cast<uint32_t>(strtoul(word, &end, 10)));
    if (end == word || out.back() == 0) return {};
  }
  return out;
}

/** `6:LIBRARY` and its options line by line, cut in place at `mark`; null where it is not there. */
char* word_after(char* text, char mark) {
  char* const at = strchr(text, mark);
  if (at == nullptr) return nullptr;
  *at = '\0';
  return at + 1;
}

}  // namespace

int main(int count, char** words) {
  const bool recorded = count == 10;
  const std::vector<uint32_t> chunks =
      count == 8 || recorded ? numbers(words[6]) : std::vector<uint32_t>();
  if (chunks.empty()) {
    fprintf(
        stderr,
        "usage: edgepool-trial LIBRARY MODEL NAME THREADS DELEGATE CHUNK_BYTES[,CHUNK_BYTES]... "
        "CAPACITY_BYTES [RECORD_FILE INVOKES]\n");
    return 2;
  }
  // A crash is an expected answer of this program: nobody needs its core.
  const rlimit no_core = {0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  char* const delegate_library = word_after(words[5], ':');
  const char* const delegate_options =
      delegate_library == nullptr ? nullptr : word_after(delegate_library, '\n');
  const Arguments arguments = {words[1],
                               words[2],
                               words[3],
                               number(words[4]),
                               number(words[5]),
                               delegate_library,
                               delegate_options,
                               chunks,
                               strtoull(words[7], nullptr, 10),
                               recorded ? words[8] : nullptr,
                               recorded ? number(words[9]) : 0};
  ep_error error = {};
  Findings findings = {};
  if (try_model(arguments, &findings, &error) == EP_OK) {
    tell_success(findings);
  } else {
    tell_failure(error);
  }
  return 0;
}
