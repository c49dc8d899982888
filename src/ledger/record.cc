#include "ledger/record.h"

#include <algorithm>

namespace sluice::ledger {

bool names(const Record& record, const UploadId& id) {
  const auto is_it = [&](const Upload& upload) { return upload.id == id; };
  return (record.intent && std::ranges::any_of(record.intent->uploads, is_it)) ||
         (record.checkpoint && std::ranges::any_of(record.checkpoint->uploads, is_it));
}

bool committed(const Record& record) {
  return record.manifest.has_value() && !record.intent.has_value() && record.leftovers.empty();
}

bool finished(const Record& record) {
  return committed(record) && !record.manifest->early && record.manifest->provisional.empty();
}

Manifest manifest_of(const Intent& intent, const std::vector<ETag>& etags) {
  ENSURE(etags.size() == intent.uploads.size());
  Manifest manifest{.epoch = intent.epoch,
                    .todo = !intent.retire.empty() || !intent.catalogue.empty(),
                    .run = intent.run,
                    .fingerprint = intent.fingerprint,
                    .inputs = intent.inputs,
                    .retire = intent.retire,
                    .catalogue = intent.catalogue,
                    .set_aside = intent.set_aside,
                    .sums = intent.sums,
                    .shape = intent.shape,
                    .reached = intent.reached,
                    .early = intent.early,
                    .provisional = intent.provisional,
                    .end = intent.end};
  manifest.outputs.reserve(etags.size());
  for (size_t i = 0; i < etags.size(); ++i) {
    manifest.outputs.push_back({intent.uploads[i].key, etags[i], intent.uploads[i].content});
  }
  return manifest;
}

}  // namespace sluice::ledger
