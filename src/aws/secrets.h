// Secrets as AWS keeps them: GetSecretValue of Secrets Manager and GetParameter of Systems
// Manager's parameter store, over the JSON 1.1 protocol. Keeping what was read is the caller's.
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameter.html
#pragma once

#include <string>
#include <string_view>

#include "aws/credential_source.h"
#include "aws/surroundings.h"
#include "base/result.h"

namespace sluice::aws {

// Calls block, with a few attempts; one thread at a time. Region and endpoint are the environment's
// (AWS_ENDPOINT_URL_SECRETS_MANAGER, AWS_ENDPOINT_URL_SSM, ...); an ARN's own region comes first.
//
// Errors are one line, without any secret: `invalid` if there is no such secret, it can't be a text
// or the service isn't there; `denied` with what to allow; `transient` or `throttled` after all
// attempts.
class SecretReader {
 public:
  SecretReader(AwsSurroundings surroundings, CredentialSource& credentials);

  // By name or ARN: the secret's text, its current version.
  Result<std::string> secret(std::string_view id);
  // By name ("/path/name") or ARN, decrypted.
  Result<std::string> parameter(std::string_view name);

 private:
  struct Call;
  Result<std::string> ask(const Call& call);

  const AwsSurroundings surroundings_;
  CredentialSource& credentials_;
};

// The value of a key of a secret that is a JSON object, as text. `invalid`: it isn't one, or has no
// such key; the keys that it has aren't told.
Result<std::string> secret_member(std::string_view secret, std::string_view key);

}  // namespace sluice::aws
