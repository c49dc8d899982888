// Small files that hold one secret each: a mounted token, a refresh token that is kept between
// runs. What they hold is in no error. Calls block for as long as a file call does. And how a
// secret is hidden in a text.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace sluice {

// The text without the line break at its end. `not_found`; `invalid`: no file, over 64 KiB
// (Secrets Manager's limit: https://docs.aws.amazon.com/secretsmanager/latest/userguide/
// reference_limits.html), a NUL in it.
Result<std::string> read_secret_file(const std::string& path);

// The whole text or nothing of it: made beside, for its owner alone (0600), synced and renamed. The
// file behind a symbolic link is replaced, not the link.
Status write_secret_file(const std::string& path, std::string_view text);
// Told before it matters: a token that can't be kept is lost.
Status check_secret_file_can_be_written(const std::string& path);

// Every place where `text` has the secret becomes "***".
void hide_in(std::string& text, std::string_view secret);

}  // namespace sluice
