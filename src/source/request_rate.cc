#include "source/request_rate.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "http/date.h"
#include "http/retry.h"

namespace sluice {
namespace {

// A reset that is larger is a time since 1970, else a number of seconds from now: both are in use
// under one name (GitHub and Twitter the one, the IETF's draft and Discord the other).
constexpr double epoch_seconds_min = 1e9;

// No more than can be said: there are resets in the year 5138.
Nanoseconds nanoseconds(double seconds) {
  return static_cast<Nanoseconds>(std::min(seconds, epoch_seconds_min) * 1e9);
}

std::optional<double> number(const Headers& headers, std::string_view name) {
  const std::string_view text = trim(header(headers, name));
  if (text.empty()) return std::nullopt;
  // Draft 3 to 7 may have a policy behind: "100;w=60".
  return parse_number<double>(text.substr(0, text.find_first_of(";, ")));
}

}  // namespace

RequestRate::RequestRate(double per_second, size_t identities)
    : between_(per_second > 0 ? static_cast<Nanoseconds>(1e9 / per_second) : 0),
      identities_(std::max<size_t>(identities, 1)) {}

RequestRate::Slot RequestRate::next_slot(Instant at) {
  const std::lock_guard lock(mutex_);
  const auto free_at = [&](const Identity& one) {
    return std::max({at, one.next, one.held_until});
  };
  // Of those that are free now, whoever has rested longest.
  const auto best = std::min_element(
      identities_.begin(), identities_.end(), [&](const Identity& a, const Identity& b) {
        return std::pair(free_at(a), a.next) < std::pair(free_at(b), b.next);
      });
  const Instant when = free_at(*best);
  best->next = when + std::max<Nanoseconds>(between_, 1);
  return {static_cast<size_t>(best - identities_.begin()), when};
}

std::optional<Nanoseconds> RequestRate::answered(size_t identity, const Headers& headers,
                                                 Instant at, WallTime wall) {
  const auto wait = until_reset(headers, wall);
  if (!wait || *wait > announced_wait_most) return std::nullopt;
  hold(identity, at + *wait);
  return wait;
}

bool RequestRate::is_news(Instant until) {
  constexpr Nanoseconds same = 2_s;  // Answers to requests that went out together
  const std::lock_guard lock(mutex_);
  if (until <= told_until_ + same) return false;
  told_until_ = until;
  return true;
}

void RequestRate::hold(size_t identity, Instant until) {
  const std::lock_guard lock(mutex_);
  Instant& held = identities_[identity].held_until;
  held = std::max(held, until);
}

std::optional<Nanoseconds> until_reset(const Headers& headers, WallTime wall) {
  constexpr std::array<std::array<std::string_view, 2>, 3> names = {{
      {"X-RateLimit-Remaining", "X-RateLimit-Reset"},
      {"RateLimit-Remaining", "RateLimit-Reset"},
      {"X-Rate-Limit-Remaining", "X-Rate-Limit-Reset"},
  }};
  for (const auto& [remaining, reset] : names) {
    const auto left = number(headers, remaining);
    const auto at = number(headers, reset);
    if (!left || !at || *left >= 1 || *at < 0 || *at > 1e11) continue;
    if (*at < epoch_seconds_min) return nanoseconds(*at);
    // The server's clock says when its own second ends.
    const auto date = parse_http_date(header(headers, "Date"));
    const double now_seconds = static_cast<double>(date ? date->ns : wall.ns) / 1e9;
    return nanoseconds(std::max(*at - now_seconds, 0.0));
  }
  return std::nullopt;
}

}  // namespace sluice
