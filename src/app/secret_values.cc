#include "app/secret_values.h"

#include "app/trusted.h"
#include "aws/surroundings.h"
#include "source/secret_file.h"

namespace sluice {

SecretValues::SecretValues(Environment environment) : environment_(std::move(environment)) {}
SecretValues::~SecretValues() = default;

Result<std::string> SecretValues::find(const SecretReference& reference) {
  const std::pair where(reference.kind, reference.name);
  auto known = known_.find(where);
  if (known == known_.end()) known = known_.emplace(where, fetch(reference)).first;
  if (!known->second.ok() || reference.key.empty()) return known->second;
  return aws::secret_member(*known->second, reference.key);
}

Result<std::string> SecretValues::fetch(const SecretReference& reference) {
  if (reference.kind == SecretReference::Kind::file) {
    auto text = read_secret_file(reference.name);
    if (text.ok()) return text;
    return Error{ErrorKind::invalid, std::move(text).error().message};
  }
  TRY(open_aws());
  return reference.kind == SecretReference::Kind::ssm ? reader_->parameter(reference.name)
                                                      : reader_->secret(reference.name);
}

Status SecretValues::open_aws() {
  if (reader_ != nullptr) return {};
  EngineOptions options;
  options.shards = 1;
  options.proxies = TRY(ProxyRules::from(environment_));
  options.tls = TRY(trusted_by_aws({}, environment_));
  engine_ = TRY(make_engine(options));
  const aws::AwsSurroundings surroundings = aws::real_surroundings(environment_, *engine_, clock_);
  credentials_ = aws::make_credential_source({}, surroundings);
  reader_ = std::make_unique<aws::SecretReader>(surroundings, *credentials_);
  return {};
}

}  // namespace sluice
