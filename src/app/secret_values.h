// What ${file:...}, ${secretsmanager:...} and ${ssm:...} in a job file stand for, fetched with the
// environment's identity. Blocks.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "aws/credential_source.h"
#include "aws/secrets.h"
#include "base/clock.h"
#include "base/environment.h"
#include "base/result.h"
#include "http/engine.h"
#include "job/variables.h"

namespace sluice {

// Each is fetched once in the life of this, two keys of one secret together. AWS is spoken to only
// if one of them lies there.
class SecretValues {
 public:
  explicit SecretValues(Environment environment);
  ~SecretValues();
  SecretValues(const SecretValues&) = delete;
  SecretValues& operator=(const SecretValues&) = delete;

  // `invalid`: a file that can't be read, a secret or a key that isn't there; else as
  // aws/secrets.h.
  Result<std::string> find(const SecretReference& reference);

 private:
  Result<std::string> fetch(const SecretReference& reference);
  Status open_aws();

  const Environment environment_;
  const Clock clock_;
  std::map<std::pair<SecretReference::Kind, std::string>, Result<std::string>> known_;
  // In the order in which they need each other.
  std::unique_ptr<HttpEngine> engine_;
  std::unique_ptr<aws::CredentialSource> credentials_;
  std::unique_ptr<aws::SecretReader> reader_;
};

}  // namespace sluice
