// What the walk of a unit tells of its documents, kept for the manifest and the report.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/secrets.h"
#include "flow/walk.h"
#include "job/checkpoints.h"
#include "job/inputs_log.h"
#include "job/report.h"

namespace sluice {

class UnitLog : public WalkLog {
 public:
  UnitLog(Secrets secrets, InputsLog& inputs, Checkpoints& checkpoints)
      : secrets_(std::move(secrets)), inputs_(inputs), checkpoints_(checkpoints) {}
  // What can't be found again by a key (a page of an API) is no input to be listed.
  void on_document(const Document& document) override {
    if (!document.key.str().empty()) inputs_.add(document);
  }
  void on_set_aside(SetAside what) override {
    if (set_aside.size() >= set_aside_listed_max) return;
    what.document = secrets_.hide(what.document);
    what.reason = secrets_.hide(what.reason);
    set_aside.push_back(std::move(what));
  }
  void on_warning(const Document& document, const std::string& warning) override {
    if (warnings.size() < set_aside_listed_max)
      warnings.push_back(secrets_.hide(document.name + ": " + warning));
  }
  void on_checkpoint(uint64_t point, const std::string& cursor, const Tally& tally) override {
    // One that is of no use without somebody's signature is none.
    if (auto sealed = secrets_.seal(cursor))
      checkpoints_.mark(point, std::move(*sealed), tally, set_aside.size());
  }
  std::vector<SetAside> set_aside;
  std::vector<std::string> warnings;

 private:
  const Secrets secrets_;
  InputsLog& inputs_;
  Checkpoints& checkpoints_;
};

}  // namespace sluice
