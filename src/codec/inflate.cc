#include "codec/inflate.h"

#include <algorithm>
#include <cstring>

namespace sluice {

namespace {

using Format = Inflater::Format;

constexpr std::string_view gzip_magic = "\x1f\x8b";
constexpr std::string_view zstd_magic = "\x28\xb5\x2f\xfd";
constexpr std::string_view skippable_magic = "\x2a\x4d\x18";  // Behind 50..5f

bool either_begins(std::string_view a, std::string_view b) {
  const size_t common = std::min(a.size(), b.size());
  return a.substr(0, common) == b.substr(0, common);
}

// Undecided while more bytes could make a magic of it.
Format format_of(std::string_view first) {
  if (first.empty()) return Format::undecided;
  if (either_begins(first, gzip_magic)) {
    return first.size() >= gzip_magic.size() ? Format::gzip : Format::undecided;
  }
  const bool skippable =
      (first[0] & 0xf0) == 0x50 && either_begins(first.substr(1), skippable_magic);
  if (skippable || either_begins(first, zstd_magic)) {
    return first.size() >= zstd_magic.size() ? Format::zstd : Format::undecided;
  }
  return Format::plain;
}

}  // namespace

void Inflater::reset() {
  if (gzip_ && format_ == Format::gzip) gzip_->reset();
  if (zstd_ && format_ == Format::zstd) zstd_->reset();
  format_ = Format::undecided;
  finished_ = false;
  in_total_ = out_total_ = 0;
  held_size_ = held_next_ = 0;
  pending_.reset();
  rest_lost_.reset();
  warnings_.clear();
}

// Decides the format, or holds the few bytes that don't tell yet and answers false.
bool Inflater::sniff(std::string_view& in, bool last) {
  while (format_ == Format::undecided) {
    if (held_size_ == 0) {
      format_ = format_of(in);
    } else {
      format_ = format_of({held_, held_size_});
    }
    if (format_ != Format::undecided) break;
    if (in.empty()) {
      if (!last) return false;
      format_ = Format::plain;
      break;
    }
    held_[held_size_++] = in[0];
    in.remove_prefix(1);
    in_total_ += 1;
  }
  if (format_ == Format::gzip && !gzip_) gzip_.emplace();
  if (format_ == Format::zstd && !zstd_) zstd_.emplace();
  return true;
}

Result<size_t> Inflater::step(std::string_view& in, bool last, char* out, size_t room) {
  if (pending_) return *pending_;
  if (finished_) return size_t{0};
  if (format_ == Format::undecided && !sniff(in, last)) return size_t{0};

  size_t written = 0;
  while (held_next_ < held_size_) {
    std::string_view held(held_ + held_next_, held_size_ - held_next_);
    const size_t before = held.size();
    const size_t made = TRY(dispatch(held, last && in.empty(), out, room));
    held_next_ += before - held.size();
    written += made;
    if (made > 0 || held.size() == before) break;
  }
  if (held_next_ == held_size_ && !finished_) {
    const size_t offered = in.size();
    auto made = dispatch(in, last, out + written, room - written);
    in_total_ += offered - in.size();
    if (made) {
      written += *made;
    } else if (written == 0) {
      return made;
    }  // Else the error comes again with the next call.
  }
  out_total_ += written;
  if (out_total_ > limits_.swell_bytes_max && out_total_ > limits_.swell_ratio_max * in_total_) {
    finished_ = false;
    pending_ = Error{ErrorKind::corrupt,
                     "swells to over " + std::to_string(limits_.swell_ratio_max) +
                         " times its size: taken for a decompression bomb (compressed byte " +
                         std::to_string(in_total_) + ", inflated byte " +
                         std::to_string(out_total_) + ")"};
  }
  return written;
}

Result<size_t> Inflater::dispatch(std::string_view& in, bool last, char* out, size_t room) {
  switch (format_) {
    case Format::gzip: {
      auto written = gzip_->step(in, last, out, room);
      finished_ = gzip_->finished();
      if (finished_) {
        if (auto warning = gzip_->warning(); !warning.empty()) {
          warnings_.push_back(std::move(warning));
        }
        rest_lost_ = gzip_->rest_lost();
      }
      return written;
    }
    case Format::zstd: {
      auto written = zstd_->step(in, last, out, room);
      finished_ = zstd_->finished();
      return written;
    }
    default:
      return plain(in, last, out, room);
  }
}

Result<size_t> Inflater::plain(std::string_view& in, bool last, char* out, size_t room) {
  const size_t bytes = std::min(in.size(), room);
  if (bytes > 0) std::memcpy(out, in.data(), bytes);
  in.remove_prefix(bytes);
  finished_ = last && in.empty();
  return bytes;
}

std::optional<OpenPiece> Inflater::open_piece() const {
  if (format_ == Format::gzip) return gzip_->open_piece();
  if (format_ == Format::zstd) return zstd_->open_piece();
  return std::nullopt;
}

size_t Inflater::memory_bytes() const {
  return (gzip_ ? GzipInflate::state_bytes : 0) + (zstd_ ? zstd_->memory_bytes() : 0);
}

std::optional<DamagedPiece> damaged_piece(std::string_view whole, InflateLimits limits,
                                          const std::atomic<bool>& cancelled) {
  constexpr size_t window_bytes = 64 << 10;
  if (format_of(whole) == Format::plain) return std::nullopt;
  Inflater inflater(limits);
  const auto window = std::make_unique_for_overwrite<char[]>(window_bytes);
  while (!cancelled && inflater.inflated() < limits.swell_bytes_max) {
    const auto written = inflater.step(whole, true, window.get(), window_bytes);
    if (written.ok() && *written > 0) continue;
    const auto open = inflater.open_piece();
    if (written.ok() || !open) break;
    return DamagedPiece{open->begin, written.error().message};
  }
  return std::nullopt;
}

uint64_t inflater_state_bytes(std::string_view first_bytes) {
  return format_of(first_bytes) == Format::zstd ? zstd_state_bytes(first_bytes) : 0;
}

uint64_t inflated_size_hint(std::string_view whole) {
  switch (format_of(whole)) {
    case Format::gzip:
      return gzip_size_hint(whole);
    case Format::zstd:
      return zstd_size_hint(whole);
    default:
      return whole.size();
  }
}

}  // namespace sluice
