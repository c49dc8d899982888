// Whom the program's TLS connections trust, as the environment and AWS's profiles say: one rule for
// all of them.
//
// SSL_CERT_FILE stands for the system's authorities. AWS_CA_BUNDLE, or else ca_bundle of the
// profile, is what AWS's endpoints (and other stores that speak S3) are trusted by in their place,
// as in AWS's own tools. What one of the two kinds of connection is told first, the other trusts
// besides: a company's own authority signs all that passes its gateway, whatever that is for.
#pragma once

#include "aws/surroundings.h"
#include "base/environment.h"
#include "http/stream.h"

namespace sluice {

// `invalid`: a profile that isn't there.
Result<TlsOptions> trusted_by_aws(const aws::AwsOptions& options, const Environment& environment);
TlsOptions trusted_by_apis(const Environment& environment);

}  // namespace sluice
