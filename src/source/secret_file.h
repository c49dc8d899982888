// Small files that hold one secret each: a mounted token, a refresh token that is kept between
// runs. What they hold is in no error. Calls block for as long as a file call does.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace sluice {

// The text without the line break at its end. `not_found`; `invalid`: no file, over 64 KiB
// (Secrets Manager's limit: https://docs.aws.amazon.com/secretsmanager/latest/userguide/
// reference_limits.html), a NUL in it.
Result<std::string> read_secret_file(const std::string& path);

// The whole text or nothing of it: made beside, for its owner alone (0600), synced and renamed. The
// file behind a symbolic link is replaced, not the link.
Status write_secret_file(const std::string& path, std::string_view text);
// Held by one at a time, in whatever process, for a secret that is read, used up and replaced: by
// way of a file beside it, <path>.lock. Nothing to be waited for.
class SecretFileLock {
 public:
  // Nothing if somebody else has it.
  static Result<std::optional<SecretFileLock>> try_take(const std::string& path);
  SecretFileLock(SecretFileLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  SecretFileLock& operator=(SecretFileLock&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  SecretFileLock(const SecretFileLock&) = delete;
  SecretFileLock& operator=(const SecretFileLock&) = delete;
  ~SecretFileLock();

 private:
  explicit SecretFileLock(int fd) : fd_(fd) {}
  int fd_;
};

// Told before it matters: a token that can't be kept is lost.
Status check_secret_file_can_be_written(const std::string& path);
}  // namespace sluice
