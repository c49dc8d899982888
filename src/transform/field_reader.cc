#include "transform/field_reader.h"

namespace sluice {

std::unique_ptr<FieldReader::Tools> FieldReader::borrow() const {
  {
    std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      auto tools = std::move(idle_.back());
      idle_.pop_back();
      return tools;
    }
  }
  auto tools = std::make_unique<Tools>(Tools{json::Scanner(paths_), {}});
  tools->values.resize(paths_.size());
  return tools;
}

void FieldReader::give_back(std::unique_ptr<Tools> tools) const {
  std::lock_guard lock(mutex_);
  idle_.push_back(std::move(tools));
}

Status FieldReader::scan(Tools& tools, std::string_view record) {
  if (!tools.scanner.scan(record)) {
    return Error{ErrorKind::corrupt, "not JSON: " + tools.scanner.fault().message()};
  }
  for (size_t i = 0; i < tools.values.size(); ++i) tools.values[i] = tools.scanner.raw(i);
  return {};
}

}  // namespace sluice
