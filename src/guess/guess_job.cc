#include "guess/guess_job.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "base/text.h"
#include "guess/guess_next.h"
#include "http/url.h"
#include "json/value.h"

namespace sluice {
namespace {

constexpr size_t name_bytes_max = 60;

// Headers whose values everybody may see; anything else is taken for a secret.
bool is_harmless(std::string_view name) {
  const std::string lower = lower_case(name);
  return lower == "accept" || lower == "accept-language" || lower == "user-agent" ||
         lower == "content-type" || lower == "prefer" || lower == "consistencylevel" ||
         lower.ends_with("version");
}

bool sounds_secret(std::string_view name) {
  const std::string bare = bare_name(name);
  constexpr std::array<std::string_view, 9> parts = {"apikey",  "accesstoken",     "authtoken",
                                                     "secret",  "password",        "signature",
                                                     "session", "subscriptionkey", "credential"};
  if (bare == "key" || bare == "appid" || bare == "sig" || bare == "auth" || bare == "apitoken" ||
      bare == "token")
    return true;
  return std::any_of(parts.begin(), parts.end(),
                     [&](std::string_view part) { return bare.find(part) != bare.npos; });
}

// The URL without its fragment, and each word of its query as `edit` makes it: as it stands there
// ("name=value"), changed, or left out where that is empty.
template <class Edit>
std::string with_words(std::string_view url, Edit edit) {
  url = url.substr(0, url.find('#'));
  const size_t begin = url.find('?');
  std::string out(url.substr(0, begin));
  if (begin == url.npos) return out;
  char separator = '?';
  for (const std::string_view word : split(url.substr(begin + 1), '&')) {
    const std::string edited = edit(percent_decoded(word.substr(0, word.find('='))), word);
    if (edited.empty()) continue;
    out += separator;
    out += edited;
    separator = '&';
  }
  return out;
}

// In double quotes, with braces and ${ as what they are.
std::string yaml_template(std::string_view text) {
  std::string out;
  for (size_t at = 0; at < text.size(); ++at) {
    if (text.substr(at, 2) == "${") out += '$';
    out += text[at];
    if (text[at] == '{' || text[at] == '}') out += text[at];
  }
  return json::quote(out);
}

// What is no ASCII as %XX, which is what a URL is made of.
std::string in_ascii(std::string_view url) {
  std::string out;
  for (const char c : url) {
    if (static_cast<unsigned char>(c) < 0x80) {
      out += c;
    } else {
      out += percent_encoded(std::string_view(&c, 1));
    }
  }
  return out;
}

// The length of the character that the text begins with if YAML takes it for a line break or won't
// have it at all (YAML 1.1, 5.1); else 0.
size_t unprintable(std::string_view text) {
  if (text.starts_with('\x7f')) return 1;
  if (text.size() >= 2 && text[0] == '\xc2' && static_cast<unsigned char>(text[1]) < 0xa0) return 2;
  constexpr std::array<std::string_view, 5> others = {"\u2028", "\u2029", "\ufeff", "\ufffe",
                                                      "\uffff"};
  return std::find(others.begin(), others.end(), text.substr(0, 3)) == others.end() ? 0 : 3;
}

// What an API has said as YAML can hold it: escaped in double quotes, '?' in comments.
std::string printable(std::string_view line) {
  const bool is_comment = trim(line).starts_with('#');
  std::string out;
  for (size_t at = 0; at < line.size();) {
    const size_t length = unprintable(line.substr(at));
    if (length == 0) {
      out += line[at++];
      continue;
    }
    constexpr std::string_view digits = "0123456789abcdef";
    const auto byte = [&](size_t i) { return static_cast<unsigned char>(line[at + i]); };
    const unsigned code = length == 1 ? byte(0)
                          : length == 2
                              ? byte(1)
                              : (byte(0) & 15U) << 12 | (byte(1) & 63U) << 6 | (byte(2) & 63U);
    if (is_comment) {
      out += '?';
    } else {
      out += "\\u";
      for (const unsigned shift : {12U, 8U, 4U, 0U}) out += digits[code >> shift & 15U];
    }
    at += length;
  }
  return out;
}

// "Shop-Id" -> "SHOP_ID"
std::string variable_of(std::string_view name) {
  std::string out;
  for (const char c : name) {
    const bool is_word = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    out += !is_word ? '_' : c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  }
  return out;
}

// A name for the job and its lake: the path's last word that isn't a version, or the host.
std::string name_of(const Url& url) {
  std::string name;
  const std::string_view target = url.target;
  for (const std::string_view part : split(target.substr(0, target.find('?')), '/')) {
    const bool is_version = part.size() > 1 && part[0] == 'v' && part[1] >= '0' && part[1] <= '9';
    const bool has_letter = std::any_of(part.begin(), part.end(), [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    });
    if (!part.empty() && !is_version && has_letter) name = percent_decoded(part);
  }
  if (name.empty()) name = url.host;
  for (char& c : name) {
    const bool is_word = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    if (c >= 'A' && c <= 'Z') {
      c = static_cast<char>(c + 32);
    } else if (!is_word) {
      c = '-';
    }
  }
  name = name.substr(0, name_bytes_max);
  const size_t first = name.find_first_not_of("-_");
  return first == name.npos ? "api" : name.substr(first);
}

// Who asks: the words of `auth`, and headers for what `auth` has no word for.
struct Proof {
  std::string auth;
  std::vector<std::string> headers, query;

  void of_header(const Header& header) {
    if (!equal_without_case(header.name, "Authorization")) {
      add_key("header", header.name, "API_TOKEN");
      return;
    }
    const size_t blank = header.value.find(' ');
    const std::string scheme = lower_case(header.value.substr(0, blank));
    if (scheme == "bearer" && auth.empty()) {
      auth = R"({ bearer: "${API_TOKEN}" })";
    } else if (scheme == "basic" && auth.empty()) {
      auth = R"({ basic: { user: "${API_USER}", password: "${API_PASSWORD}" } })";
    } else {
      add_key("header", header.name, "API_TOKEN");
    }
  }

  void of_query(const std::string& name) { add_key("query", name, "API_KEY"); }

 private:
  void add_key(std::string_view place, const std::string& name, std::string_view variable) {
    if (auth.empty()) {
      auth = "{ api_key: { " + std::string(place) + ": " + yaml_word(name) + ", value: \"${" +
             std::string(variable) + "}\" } }";
    } else if (place == "header") {
      headers.push_back(yaml_word(name) + ": \"${" + variable_of(name) + "}\"");
    } else {
      query.push_back(yaml_word(name) + ": \"${" + variable_of(name) + "}\"");
    }
  }
};

Proof proof_of(std::string_view url, const Headers& sent) {
  Proof proof;
  for (const Header& header : sent) {
    if (is_harmless(header.name) && json::is_utf8(header.value)) {
      proof.headers.push_back(yaml_word(header.name) + ": " + yaml_template(header.value));
    } else {
      proof.of_header(header);
    }
  }
  std::vector<std::string> seen;
  for (const auto& [name, value] : query_words(url)) {
    if (!sounds_secret(name) || std::find(seen.begin(), seen.end(), name) != seen.end()) continue;
    seen.push_back(name);
    proof.of_query(name);
  }
  return proof;
}

class Lines {
 public:
  void add(std::string_view line) {
    text_ += printable(line);
    text_ += '\n';
  }
  // As long as a line of this project.
  void comment(std::string_view indent, std::string_view text) {
    constexpr size_t width = 96;
    std::string line;
    for (const std::string_view word : split(text, ' ')) {
      if (!line.empty() && indent.size() + 2 + line.size() + 1 + word.size() > width) {
        add(std::string(indent) + "# " + line);
        line.clear();
      }
      if (!line.empty()) line += ' ';
      line += word;
    }
    add(std::string(indent) + "# " + line);
  }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

std::string flow_map(const std::vector<std::string>& items) {
  return "{ " + join(items, ", ") + " }";
}

void say_records(const AnswerShape& shape, Lines& lines) {
  const std::string many =
      std::to_string(shape.count) + (shape.count == 1 ? " record" : " records");
  switch (shape.form) {
    case AnswerShape::Form::array:
      if (shape.count == 0)
        lines.comment("", "No record in this answer: that they stand here is a guess.");
      lines.add("decode: { json: { records: " + yaml_word(json::to_string(shape.records)) +
                " } }   # " + many + " in this answer");
      break;
    case AnswerShape::Form::single:
      lines.comment("", "No array in this answer: all of it is one record.");
      lines.add("decode: { json: { single: true } }");
      break;
    case AnswerShape::Form::lines:
      lines.add("decode: jsonl   # " + many + " in this answer");
      break;
    case AnswerShape::Form::csv:
      lines.add("decode: csv   # With a header, and about " + many + " in this answer");
      break;
  }
  for (size_t i = 0; i < shape.other_lists.size() && i < 3; ++i) {
    lines.comment("", "There are records in " + json::to_string(shape.other_lists[i]) +
                          " too; they would be a job of their own.");
  }
}

void say_rate(const Headers& answered, Lines& lines) {
  std::vector<std::string> told;
  for (const Header& header : answered) {
    const std::string name = lower_case(header.name);
    if (!json::is_utf8(header.value)) continue;
    if (name.find("ratelimit") != name.npos || name.find("rate-limit") != name.npos)
      told.push_back(excerpt(header.name) + ": " + excerpt(header.value, 40));
    if (told.size() == 4) break;
  }
  if (told.empty()) {
    lines.comment("    ",
                  "rate: { requests: 10, per: 1s }   # this answer doesn't say how fast it "
                  "may be asked");
  } else {
    lines.comment("    ", "The API says how fast it may be asked (" + join(told, ", ") +
                              "); what it says is kept without a word here.");
  }
}

// 2024-02-08..., between words that name a window.
void say_window(std::string_view url, Lines& lines) {
  for (const auto& [name, value] : query_words(url)) {
    const bool is_day = value.size() >= 10 && value[4] == '-' && value[7] == '-' &&
                        parse_number<unsigned>(std::string_view(value).substr(0, 4)).has_value();
    if (!is_day) continue;
    lines.comment("    ", "Days as units: units: { each: day, default: yesterday } above, here " +
                              excerpt(name) + "={unit:%F} and {unit.end:%F} for where it ends, " +
                              "and date={unit:%F}/ in the sink's name.");
    return;
  }
}

}  // namespace

std::string url_to_show(std::string_view url) {
  std::string out = with_words(url, [](const std::string& name, std::string_view word) {
    return sounds_secret(name) ? std::string(word.substr(0, word.find('='))) + "=***"
                               : std::string(word);
  });
  const size_t scheme = out.find("://");
  if (scheme == out.npos) return out;
  const size_t host = scheme + 3;
  const size_t at = out.substr(0, out.find_first_of("/?", host)).rfind('@');
  if (at != out.npos) out.replace(host, at - host, "***");
  return out;
}

Result<std::string> guess_job(const ApiAnswer& answer, const Headers& sent) {
  const AnswerShape shape = TRY(shape_of(answer));
  const Url url = TRY(parse_url(answer.url));
  const NextGuess next = guess_next(answer, shape);
  const Proof proof = proof_of(answer.url, sent);
  const std::string address =
      with_words(answer.url, [](const std::string& name, std::string_view word) {
        return sounds_secret(name) ? std::string() : std::string(word);
      });
  const std::string name = name_of(url);

  Lines lines;
  lines.comment("", "Written by `sluice init` from one answer. What is guessed says so. Then:");
  lines.comment("", "sluice check, sluice preview, sluice run");
  lines.add("name: " + yaml_word(name));
  lines.add("source:");
  lines.add("  http:");
  lines.add("    url: " + yaml_template(in_ascii(address)));
  if (!proof.query.empty()) lines.add("    query: " + flow_map(proof.query));
  say_window(answer.url, lines);
  if (!proof.headers.empty()) lines.add("    headers: " + flow_map(proof.headers));
  for (const std::string& remark : next.remarks) lines.comment("    ", remark);
  if (!next.words.empty()) {
    std::vector<std::string> words;
    words.reserve(next.words.size());
    for (const auto& [word, value] : next.words) words.push_back(word + ": " + value);
    lines.add("    next: " + flow_map(words));
  }
  if (!proof.auth.empty()) lines.add("    auth: " + proof.auth);
  say_rate(answer.headers, lines);
  say_records(shape, lines);
  lines.add("sink:");
  lines.add("  lake: \"lake/" + name + "/\"   # or \"s3://bucket/" + name + "/\"");
  lines.add("  name: \"" + name + "-{n}.jsonl.gz\"");
  return lines.take();
}

std::string auth_hint(const Headers& answered) {
  const std::string_view challenge = header(answered, "WWW-Authenticate");
  const std::string scheme = lower_case(challenge.substr(0, challenge.find(' ')));
  const std::string give = "; give it with -H, which a job then has as ";
  if (scheme == "basic")
    return "it wants a user and a password" + give +
           R"(auth: { basic: { user: "${API_USER}", password: "${API_PASSWORD}" } })";
  if (scheme == "bearer") return "it wants a token" + give + R"(auth: { bearer: "${API_TOKEN}" })";
  if (scheme.starts_with("aws4"))
    return "it wants requests that are signed: auth: { sigv4: { service: ..., region: ... } } in a "
           "job";
  return "it wants to know who asks" +
         (scheme.empty() ? "" : " (" + excerpt(challenge.substr(0, challenge.find(' '))) + ")") +
         "; give it with -H \"Authorization: Bearer ...\" or the header that the API has for its "
         "key";
}

}  // namespace sluice
