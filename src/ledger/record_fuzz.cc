// Whatever parses is a record, and survives its own text.
#include <cstddef>
#include <cstdint>

#include "ledger/record.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sluice;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const Result<ledger::Record> record = ledger::parse_record(text, Key("k"));
  if (record.ok()) {
    const std::string printed = print(*record);
    const Result<ledger::Record> again = ledger::parse_record(printed, Key("k"));
    ENSURE(again.ok());
    ENSURE(*again == *record);
    ENSURE(print(*again) == printed);
  }
  const auto inputs = ledger::parse_inputs(text, Key("k"));
  if (inputs.ok()) ENSURE(ledger::parse_inputs(print_inputs(*inputs), Key("k")).value() == *inputs);
  const auto manifest = ledger::parse_manifest(text, Key("k"));
  if (manifest.ok()) ENSURE(ledger::parse_manifest(print_manifest(*manifest), Key("k")).ok());
  return 0;
}
