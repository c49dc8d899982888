// ${NAME} in a job file: filled in from --var NAME=value, then from the environment, before
// anything else is read, and never looked at again. What was filled in is secret: it never prints;
// but for short values of plain variables (SHARD=1), which would hide every 1.
//
//   ${file:/run/secrets/token}        a file's text, without the line break at its end
//   ${secretsmanager:prod/api}        a secret of AWS Secrets Manager, by name or ARN
//   ${secretsmanager:prod/api#token}  a key of one that is a JSON object; so too for ssm
//   ${ssm:/prod/api/token}            a parameter of AWS Systems Manager, decrypted
//
// Those are fetched by whoever hands in a ResolveSecret; this room knows neither files nor AWS.
// Where nobody does, a placeholder stands for each.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/environment.h"
#include "base/result.h"
#include "base/secrets.h"
#include "flow/settings.h"

namespace sluice {

using Variables = std::map<std::string, std::string, std::less<>>;

struct SecretReference {
  enum class Kind : uint8_t { file, secretsmanager, ssm };
  Kind kind = Kind::file;
  std::string name;  // A path, a name or an ARN
  std::string key;   // Of a JSON object; empty: all of it
  std::string text;  // "ssm:/prod/api/token", as it stands
};

// The value; the error says what and why, without the reference. May block.
using ResolveSecret = std::function<Result<std::string>(const SecretReference&)>;

struct FilledReferences {
  std::vector<SecretReference> references;  // Each once, in the file's order
  // One of them stands elsewhere than in what only requests to a source hold (`auth`, `headers`,
  // `query`, `body`, `params`): with a placeholder the job isn't the same.
  bool are_needed_early = false;
  // The first that couldn't be resolved, and where it stands.
  std::optional<Error> failure;
  SourceMark failed_at;
};

// Fills in all scalars below `node`. "$${" is a literal "${". Mistakes: a name that isn't set, "${"
// without its end, a kind of reference that there isn't. Without `resolve` references become
// placeholders: words that a host, a header or a key may be, another for each reference and always
// the same.
FilledReferences fill_in_variables(Node& node, const Environment& environment,
                                   const Variables& variables, const ResolveSecret& resolve,
                                   Secrets& secrets, std::vector<Mistake>& mistakes);

}  // namespace sluice
