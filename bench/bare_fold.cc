// bare_fold DIRECTORY OUTPUT: the yardstick for a folded day. It reads every file of a tree,
// inflates it, slices its .Records and writes the records as lines into one gzip file: the same
// libraries and the same slicer as sluice has, in the plainest program: one thread, one file after
// the other, no ledger, no partition, nothing checked that the libraries don't check by themselves,
// level 2 as sluice. Prints what it did and its own peak memory; whoever starts it measures the
// rest.
#include <dirent.h>
#include <fcntl.h>
#include <isa-l.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "json/slice.h"

namespace sluice {
namespace {

constexpr size_t output_bytes = 1 << 20;

[[noreturn]] void give_up(const std::string& what) {
  std::fprintf(stderr, "bare_fold: %s\n", what.c_str());
  std::exit(1);
}

// Lines into one gzip member.
class Output {
 public:
  explicit Output(const char* path)
      : file_(::open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0644)),
        stream_(std::make_unique<isal_zstream>()),
        level_buffer_(ISAL_DEF_LVL2_LARGE),
        out_(output_bytes) {
    if (file_ < 0) give_up(std::string("can't write ") + path);
    isal_deflate_init(stream_.get());
    stream_->level = 2;
    stream_->level_buf = level_buffer_.data();
    stream_->level_buf_size = static_cast<uint32_t>(level_buffer_.size());
    stream_->gzip_flag = IGZIP_GZIP;
    lines_.reserve(2 * output_bytes);
  }

  void add(std::string_view record) {
    lines_.append(record);
    lines_.push_back('\n');
    if (lines_.size() >= output_bytes) deflate(false);
  }

  uint64_t close() {
    deflate(true);
    ::close(file_);
    return bytes_;
  }

 private:
  void deflate(bool last) {
    stream_->next_in = reinterpret_cast<uint8_t*>(lines_.data());
    stream_->avail_in = static_cast<uint32_t>(lines_.size());
    stream_->end_of_stream = last ? 1 : 0;
    do {
      stream_->next_out = out_.data();
      stream_->avail_out = static_cast<uint32_t>(out_.size());
      if (isal_deflate(stream_.get()) != COMP_OK) give_up("isal_deflate failed");
      const size_t made = out_.size() - stream_->avail_out;
      if (::write(file_, out_.data(), made) != static_cast<ssize_t>(made)) give_up("write failed");
      bytes_ += made;
    } while (stream_->avail_out == 0);
    lines_.clear();
  }

  int file_;
  std::unique_ptr<isal_zstream> stream_;
  std::vector<uint8_t> level_buffer_, out_;
  std::string lines_;
  uint64_t bytes_ = 0;
};

class Fold {
 public:
  explicit Fold(const char* output)
      : output_(output),
        inflate_(std::make_unique<inflate_state>()),
        slicer_({.records = json::Path{{json::Step::member("Records")}}}),
        compressed_(1 << 20, '\0'),
        text_(1 << 20, '\0') {}

  void walk(int directory) {  // Takes the descriptor
    DIR* entries = ::fdopendir(directory);
    if (entries == nullptr) give_up("can't list a directory");
    while (const dirent* entry = ::readdir(entries)) {
      if (entry->d_name[0] == '.') continue;
      const bool deeper = entry->d_type == DT_DIR;
      const int file =
          ::openat(directory, entry->d_name, O_RDONLY | O_CLOEXEC | (deeper ? O_DIRECTORY : 0));
      if (file < 0) give_up(std::string("can't open ") + entry->d_name);
      if (deeper) {
        walk(file);
      } else {
        fold(file);
      }
    }
    ::closedir(entries);
  }

  void close() {
    const uint64_t written = output_.close();
    std::printf("{\"files\":%llu,\"records\":%llu,\"written\":%llu,\"peak_kib\":%ld}\n",
                static_cast<unsigned long long>(files_), static_cast<unsigned long long>(records_),
                static_cast<unsigned long long>(written), peak_kib());
  }

 private:
  void fold(int file) {
    size_t bytes = 0;
    for (;;) {
      if (bytes == compressed_.size()) compressed_.resize(2 * bytes);
      const ssize_t got = ::read(file, compressed_.data() + bytes, compressed_.size() - bytes);
      if (got < 0) give_up("read failed");
      if (got == 0) break;
      bytes += static_cast<size_t>(got);
    }
    ::close(file);
    const std::string_view text = inflate({compressed_.data(), bytes});
    slicer_.reset();
    spans_.clear();
    slicer_.slice(text, 0, spans_);
    for (const json::Span& span : spans_) output_.add(span.of(text));
    records_ += spans_.size();
    ++files_;
  }

  std::string_view inflate(std::string_view compressed) {
    isal_inflate_init(inflate_.get());
    inflate_->crc_flag = ISAL_GZIP;
    inflate_->next_in = reinterpret_cast<uint8_t*>(const_cast<char*>(compressed.data()));
    inflate_->avail_in = static_cast<uint32_t>(compressed.size());
    size_t made = 0;
    for (;;) {
      inflate_->next_out = reinterpret_cast<uint8_t*>(text_.data() + made);
      inflate_->avail_out = static_cast<uint32_t>(text_.size() - made);
      if (isal_inflate(inflate_.get()) != ISAL_DECOMP_OK) give_up("isal_inflate failed");
      made = text_.size() - inflate_->avail_out;
      if (inflate_->block_state == ISAL_BLOCK_FINISH) return {text_.data(), made};
      if (inflate_->avail_out > 0) give_up("a truncated file");
      text_.resize(2 * text_.size());
    }
  }

  // Of this program's memory since exec: what wait4 tells contains the parent's at the fork.
  static long peak_kib() {
    long kib = 0;
    std::FILE* status = std::fopen("/proc/self/status", "re");
    char line[256];
    while (status != nullptr && std::fgets(line, sizeof line, status) != nullptr) {
      if (std::strncmp(line, "VmHWM:", 6) == 0) kib = std::strtol(line + 6, nullptr, 10);
    }
    if (status != nullptr) std::fclose(status);
    return kib;
  }

  Output output_;
  std::unique_ptr<inflate_state> inflate_;
  json::Slicer slicer_;
  std::string compressed_, text_;
  std::vector<json::Span> spans_;
  uint64_t files_ = 0, records_ = 0;
};

}  // namespace
}  // namespace sluice

int main(int argc, char** argv) {
  if (argc != 3) sluice::give_up("usage: bare_fold DIRECTORY OUTPUT");
  const int directory = ::open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) sluice::give_up(std::string("can't open ") + argv[1]);
  sluice::Fold fold(argv[2]);
  fold.walk(directory);
  fold.close();
  return 0;
}
