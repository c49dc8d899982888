#include "app/trusted.h"

#include <unistd.h>

namespace sluice {
namespace {

// What is meant for the other kind of connection mustn't break this one, if it isn't there.
void trust_besides(const std::string& file, TlsOptions& tls) {
  if (!file.empty() && ::access(file.c_str(), R_OK) == 0) tls.more_ca_files.push_back(file);
}

std::string cert_file(const Environment& environment) {
  return aws::variable(environment, "SSL_CERT_FILE").value_or("");
}

}  // namespace

Result<TlsOptions> trusted_by_aws(const aws::AwsOptions& options, const Environment& environment) {
  TlsOptions tls{.ca_file = TRY(aws::ca_bundle(options, aws::real_files(environment)))};
  if (tls.ca_file.empty()) {
    tls.ca_file = cert_file(environment);
  } else {
    trust_besides(cert_file(environment), tls);
  }
  return tls;
}

TlsOptions trusted_by_apis(const Environment& environment) {
  TlsOptions tls{.ca_file = cert_file(environment)};
  // An API's job needs no profile: one that can't be read says nothing.
  const auto bundle = aws::ca_bundle({}, aws::real_files(environment));
  if (bundle.ok()) trust_besides(*bundle, tls);
  return tls;
}

}  // namespace sluice
