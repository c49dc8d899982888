// What must never be shown, and the one place where it is hidden: before a text gets into a report,
// a log, a record or a manifest, or is printed. Whoever learns a secret (the job file's ${NAME}, a
// word of `auth`, a token endpoint's answer, a proxy's password) says it here.
//
// A secret is found as it is, percent-encoded, escaped as in JSON, in base64 at any place of what
// was encoded, and cut short at a text's end. In URLs, known or not, the password before the host
// goes, and so do the values of words that sign or let in (X-Amz-Signature, access_token).
//
// A handle: copies know the same secrets. From any thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace sluice {

class Secrets {
 public:
  enum class Life : uint8_t {
    job,     // The next run has it again, under the same name
    passing  // A token: the next run has another
  };
  Secrets();

  // `name`: what is shown in its place, as ${name}. A value of less than whole_from bytes is found
  // where it stands alone, else every 1 of a text would be hidden.
  static constexpr size_t whole_from = 8;
  void add(std::string_view name, std::string_view value, Life life = Life::job);
  bool empty() const;

  std::string hide(std::string_view text) const;
  // Is one of those that were told in it?
  bool holds(std::string_view text) const;
  // Of a JSON text, inside its strings only: it stays JSON.
  std::string hide_in_json(std::string_view json) const;

  // A text that is to be kept and used again (where an API's pages go on), with names in place of
  // secrets. Nothing if it couldn't be made whole again: somebody else's signature is in it.
  std::optional<std::string> seal(std::string_view text) const;
  // `invalid`: it needs a secret that there isn't.
  Result<std::string> reveal(std::string_view sealed) const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

// Words in anybody's URLs whose values sign a request or let somebody in. In any case.
bool is_secret_word(std::string_view word);
// A variable's or a header's name that tells that its value is secret: API_TOKEN, X-Api-Key.
bool is_secret_name(std::string_view name);

}  // namespace sluice
