#include "base/secrets.h"

#include <algorithm>
#include <array>
#include <bitset>
#include <mutex>
#include <shared_mutex>
#include <vector>

#include "base/checksum.h"
#include "base/text.h"

namespace sluice {
namespace {

// Less of a secret tells nothing, and may be anything.
constexpr size_t telling_bytes = 8;
constexpr size_t passing_max = 64;  // Tokens of one run; the oldest are forgotten

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// The byte that `digits` say, or -1.
int hex_byte(std::string_view digits) {
  int byte = 0;
  for (const char c : digits) {
    if (hex_digit(c) < 0 || byte > 0xF) return -1;
    byte = byte * 16 + hex_digit(c);
  }
  return digits.empty() ? -1 : byte;
}

bool is_word_sign(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

// How many bytes at the beginning of `text` are an encoding of `c`; 0 if they aren't.
size_t encoded(std::string_view text, char c) {
  if (text[0] == '%' && text.size() >= 3 && hex_byte(text.substr(1, 2)) == static_cast<uint8_t>(c))
    return 3;
  if (text[0] == '+' && c == ' ') return 1;
  if (text[0] == '?' && static_cast<uint8_t>(c) < 0x20) return 1;  // As excerpt() shows it
  if (text[0] != '\\' || text.size() < 2) return 0;
  constexpr std::string_view letters = "\"\\/bfnrt", bytes = "\"\\/\b\f\n\r\t";
  const size_t at = letters.find(text[1]);
  if (at != letters.npos && bytes[at] == c) return 2;
  if (text[1] == 'u' && text.size() >= 6 && hex_byte(text.substr(2, 4)) == static_cast<uint8_t>(c))
    return 6;
  return 0;
}

enum class First : uint8_t { plain, encoded };

struct Match {
  size_t bytes = 0;  // 0: none
  bool is_cut = false;
};

Match match(std::string_view text, std::string_view value, First first) {
  size_t at = 0, matched = 0;
  for (const char c : value) {
    const std::string_view rest = text.substr(at);
    const size_t as_code = rest.empty() ? 0 : encoded(rest, c);
    const size_t as_it_is = !rest.empty() && rest[0] == c ? 1 : 0;
    const size_t step =
        (first == First::plain && as_it_is > 0) || as_code == 0 ? as_it_is : as_code;
    if (step == 0) {
      const bool is_cut = matched >= telling_bytes && (rest.empty() || rest.starts_with("..."));
      return is_cut ? Match{at, true} : Match{};
    }
    at += step;
    ++matched;
  }
  return {at, false};
}

Match match(std::string_view text, std::string_view value) {
  const Match plain = match(text, value, First::plain);
  const Match other = match(text, value, First::encoded);
  return other.bytes > plain.bytes ? other : plain;  // Of "100%" in "100%25" all goes
}

// What base64 makes of the value whatever stands before and behind it: without the signs that
// neighbours have a part in.
std::vector<std::string> in_base64(std::string_view value) {
  std::vector<std::string> out;
  for (size_t before = 0; before < 3; ++before) {
    std::string text = base64(std::string(before, '\0') + std::string(value));
    const size_t from = before == 0 ? 0 : before + 1;
    const size_t over = (before + value.size()) % 3;
    const size_t to = text.size() - (over == 0 ? 0 : over == 1 ? 3 : 2);
    if (to < from + telling_bytes) continue;
    text = text.substr(from, to - from);
    std::string for_urls = text;
    std::replace(for_urls.begin(), for_urls.end(), '+', '-');
    std::replace(for_urls.begin(), for_urls.end(), '/', '_');
    if (for_urls != text) out.push_back(std::move(for_urls));
    out.push_back(std::move(text));
  }
  return out;
}

std::string percent_encoded_all(std::string_view value) {
  constexpr std::string_view digits = "0123456789ABCDEF", plain = "-._~";
  std::string out;
  for (const char c : value) {
    if ((is_word_sign(c) && c != '_') || plain.find(c) != plain.npos) {
      out += c;
    } else {
      out += '%';
      out += digits[static_cast<uint8_t>(c) >> 4];
      out += digits[static_cast<uint8_t>(c) & 15];
    }
  }
  return out;
}

// The last byte of the sign that a word of a query begins behind, where the word ends at `end`;
// npos if there is none. It may be escaped as in JSON. Looked for a little way back: a text may
// have many "=" and no "?".
size_t begin_of_word(std::string_view text, size_t end) {
  constexpr size_t bytes_max = 40;
  const size_t from = end - std::min(end, bytes_max);
  const std::string_view before = text.substr(from, end - from);
  size_t last = before.find_last_of("?&");
  for (const std::string_view sign : {"\\u0026", "\\u003f", "\\u003F"}) {
    const size_t at = before.rfind(sign);
    if (at == before.npos) continue;
    const size_t its_end = at + sign.size() - 1;
    if (last == before.npos || last < its_end) last = its_end;
  }
  return last == before.npos ? text.npos : from + last;
}

// In URLs: ***@host, and *** as the value of words that are secret whoever's they are.
std::string without_url_secrets(std::string text) {
  constexpr std::string_view shown = "***", ends = "&#\"'<>\\ \t\r\n,;)";
  for (const std::string_view slashes : {"://", ":\\/\\/"}) {
    for (size_t at = 0; (at = text.find(slashes, at)) != text.npos;) {
      at += slashes.size();
      const size_t end = std::min(text.find_first_of("/?#\"'<>\\ \t\r\n", at), text.size());
      const size_t sign = text.substr(at, end - at).rfind('@');
      if (sign != text.npos) text.replace(at, sign, shown);
    }
  }
  for (size_t at = 0; (at = text.find('=', at)) != text.npos; ++at) {
    const size_t begin = begin_of_word(text, at);
    if (begin == text.npos) continue;
    const std::string word = text.substr(begin + 1, at - begin - 1);
    if (!is_secret_word(word)) continue;
    const size_t end = std::min(text.find_first_of(ends, at), text.size());
    // What has a name instead of its value is hidden already.
    if (end > at + 1 && text.compare(at + 1, 2, "${") != 0)
      text.replace(at + 1, end - at - 1, shown);
  }
  return text;
}

struct Entry {
  std::string value, name;
  Secrets::Life life = Secrets::Life::job;
  bool is_base64 = false;
};

}  // namespace

struct Secrets::State {
  mutable std::shared_mutex mutex;
  // Guarded by mutex.
  std::vector<Entry> entries;  // The longest first
  std::bitset<256> firsts;     // Bytes that something to be found may begin with

  // The first entry that stands at this place, and how much of the text it is. With the lock.
  std::pair<const Entry*, Match> find(std::string_view text, size_t at) const {
    if (!firsts[static_cast<uint8_t>(text[at])]) return {nullptr, {}};
    const std::string_view rest = text.substr(at);
    for (const Entry& entry : entries) {
      const Match found = match(rest, entry.value);
      if (found.bytes == 0) continue;
      const size_t end = at + found.bytes;
      const bool stands_alone = (at == 0 || !is_word_sign(text[at - 1])) &&
                                (end == text.size() || !is_word_sign(text[end]));
      if (entry.value.size() < whole_from && !stands_alone) continue;
      return {&entry, found};
    }
    return {nullptr, {}};
  }
  std::string hide(std::string_view text) const {
    std::string out;
    out.reserve(text.size());
    for (size_t at = 0; at < text.size();) {
      const auto [entry, found] = find(text, at);
      if (entry == nullptr) {
        out += text[at++];
      } else {
        out += "${" + entry->name + "}";
        at += found.bytes;
      }
    }
    return out;
  }
};

Secrets::Secrets() : state_(std::make_shared<State>()) {}

void Secrets::add(std::string_view name, std::string_view value, Life life) {
  if (value.empty()) return;
  const std::unique_lock lock(state_->mutex);
  auto& entries = state_->entries;
  const auto add_one = [&](std::string text, bool is_base64) {
    const bool is_known = std::any_of(entries.begin(), entries.end(), [&](const Entry& one) {
      return one.value == text && one.name == name;
    });
    if (!is_known) entries.push_back({std::move(text), std::string(name), life, is_base64});
  };
  if (life == Life::passing) {
    const auto is_passing = [](const Entry& one) {
      return one.life == Life::passing && !one.is_base64;
    };
    while (std::count_if(entries.begin(), entries.end(), is_passing) >=
           static_cast<std::ptrdiff_t>(passing_max)) {
      entries.erase(std::find_if(entries.begin(), entries.end(), is_passing));
    }
  }
  add_one(std::string(value), false);
  for (std::string& text : in_base64(value)) add_one(std::move(text), true);
  std::stable_sort(entries.begin(), entries.end(),
                   [](const Entry& a, const Entry& b) { return a.value.size() > b.value.size(); });
  state_->firsts.reset();
  for (const char c : std::string_view("%\\+?")) state_->firsts.set(static_cast<uint8_t>(c));
  for (const Entry& entry : entries) state_->firsts.set(static_cast<uint8_t>(entry.value[0]));
}

bool Secrets::empty() const {
  const std::shared_lock lock(state_->mutex);
  return state_->entries.empty();
}

std::string Secrets::hide(std::string_view text) const {
  const std::shared_lock lock(state_->mutex);
  return without_url_secrets(state_->hide(text));
}

bool Secrets::holds(std::string_view text) const {
  const std::shared_lock lock(state_->mutex);
  for (size_t at = 0; at < text.size(); ++at) {
    if (state_->find(text, at).first != nullptr) return true;
  }
  return false;
}

std::string Secrets::hide_in_json(std::string_view json) const {
  std::string out;
  out.reserve(json.size());
  for (size_t at = 0; at < json.size(); ++at) {
    out += json[at];
    if (json[at] != '"') continue;
    const size_t begin = at + 1;
    for (at = begin; at < json.size() && json[at] != '"'; ++at) {
      if (json[at] == '\\') ++at;
    }
    at = std::min(at, json.size());
    for (const char c : hide(json.substr(begin, at - begin))) {
      // A name may have a quote in it; what was there already is escaped as it should be.
      out += c;
    }
    if (at < json.size()) out += '"';
  }
  return out;
}

// "${" of the text's own becomes "$${"; a secret "${name}", or "${%name}" where it was
// percent-encoded.
std::optional<std::string> Secrets::seal(std::string_view text) const {
  const std::shared_lock lock(state_->mutex);
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const auto [entry, found] = state_->find(text, at);
    if (entry == nullptr) {
      if (text.substr(at).starts_with("${")) out += '$';
      out += text[at++];
      continue;
    }
    const std::string_view here = text.substr(at, found.bytes);
    at += found.bytes;
    const bool is_plain = here == entry->value;
    // Of other forms than percent-encoding nobody knows what they were.
    const bool is_of_url = is_plain || here.find('\\') == here.npos;
    if (entry->life == Life::job && !entry->is_base64 && is_of_url && !found.is_cut) {
      out += is_plain ? "${" : "${%";
      out += entry->name + "}";
      continue;
    }
    // A token as a word of the query: the next run's requests say by its own who asks.
    const size_t word = out.find_last_of("?&");
    const bool is_a_word = out.ends_with('=') && word != out.npos &&
                           (at == text.size() || text[at] == '&' || text[at] == '#');
    if (!is_a_word || found.is_cut) return std::nullopt;
    const bool is_followed = at < text.size() && text[at] == '&';
    out.resize(is_followed ? word + 1 : word);
    at += is_followed ? 1 : 0;
  }
  if (without_url_secrets(out) != out) return std::nullopt;
  return out;
}

Result<std::string> Secrets::reveal(std::string_view sealed) const {
  const std::shared_lock lock(state_->mutex);
  std::string out;
  for (size_t at = 0; at < sealed.size();) {
    const std::string_view rest = sealed.substr(at);
    if (rest.starts_with("$${")) {
      out += "${";
      at += 3;
      continue;
    }
    if (!rest.starts_with("${")) {
      out += sealed[at++];
      continue;
    }
    const size_t end = std::min(rest.find('}'), rest.size());
    std::string_view name = rest.substr(2, end - 2);
    const bool is_encoded = name.starts_with('%');
    if (is_encoded) name.remove_prefix(1);
    const auto entry =
        std::find_if(state_->entries.begin(), state_->entries.end(),
                     [&](const Entry& one) { return one.name == name && !one.is_base64; });
    if (entry == state_->entries.end()) {
      return Error{ErrorKind::invalid,
                   "${" + excerpt(name) +
                       "} is needed to go on where an earlier run ended, and "
                       "the job has no such secret any more; --redo begins anew"};
    }
    out += is_encoded ? percent_encoded_all(entry->value) : entry->value;
    at += end + 1;
  }
  return out;
}

bool is_secret_word(std::string_view word) {
  constexpr std::array<std::string_view, 16> words = {
      "access_token",   "api_key",          "apikey",
      "client_secret",  "password",         "refresh_token",
      "signature",      "x-amz-signature",  "sig",
      "id_token",       "x-amz-credential", "x-amz-security-token",
      "awsaccesskeyid", "x-goog-signature", "x-goog-credential",
      "auth_token"};
  return std::any_of(words.begin(), words.end(),
                     [&](std::string_view one) { return equal_without_case(one, word); });
}

bool is_secret_name(std::string_view name) {
  constexpr std::array<std::string_view, 9> parts = {"token",  "secret",        "password",
                                                     "passwd", "authorization", "apikey",
                                                     "cookie", "credential",    "signature"};
  std::string plain = lower_case(name);
  std::erase_if(plain, [](char c) { return c == '-' || c == '_'; });
  return plain.ends_with("key") || plain.ends_with("pw") || plain.ends_with("pass") ||
         std::any_of(parts.begin(), parts.end(),
                     [&](std::string_view part) { return plain.find(part) != plain.npos; });
}

}  // namespace sluice
