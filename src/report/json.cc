#include "report/json.h"

#include "base/time.h"
#include "report/costs.h"
#include "report/json_object.h"

namespace sluice::report {
namespace {

// Milliseconds with three digits behind the point: a call may take less than one.
std::string milliseconds(Nanoseconds duration) {
  const int64_t microseconds = duration / 1'000;
  std::string fraction = std::to_string(microseconds % 1'000);
  fraction.insert(0, 3 - fraction.size(), '0');
  return std::to_string(microseconds / 1'000) + "." + fraction;
}

class Printer {
 public:
  template <class Value>
  void operator()(std::string_view name, const Value& value) {
    out_.raw(name, json_of(value));
  }
  template <class Value>
  void if_any(std::string_view name, const Value& value) {
    if (value != Value{}) (*this)(name, value);
  }
  void if_any(std::string_view name, const std::optional<Error>& error) {
    if (error) (*this)(name, *error);
  }
  void named(std::string_view name, const std::vector<Gauge::Snapshot>& all) {
    JsonObject members;
    for (const Gauge::Snapshot& one : all) members.raw(one.name, json_of(one));
    out_.raw(name, members.done());
  }
  void sum(std::string_view name, uint64_t value) { out_.number(name, value); }
  void sum(std::string_view name, double value) { out_.raw(name, decimal(value, 6)); }

  template <class Part>
  static JsonObject object(const Part& part) {
    Printer printer;
    fields(printer, part);
    return std::move(printer.out_);
  }

 private:
  static std::string json_of(uint64_t number) { return std::to_string(number); }
  static std::string json_of(bool flag) { return flag ? "true" : "false"; }
  static std::string json_of(Nanoseconds duration) { return milliseconds(duration); }
  static std::string json_of(std::string_view text) {
    return json::quote(json::text_of_bytes(text));
  }
  static std::string json_of(const std::string& text) { return json_of(std::string_view(text)); }
  static std::string json_of(WallTime at) { return json::quote(format_rfc3339(at)); }
  static std::string json_of(UnitOutcome outcome) { return json::quote(to_string(outcome)); }
  static std::string json_of(ErrorKind kind) { return json::quote(to_string(kind)); }
  template <class Item>
  static std::string json_of(const std::vector<Item>& all) {
    JsonArray out;
    for (const Item& item : all) out.raw(json_of(item));
    return out.done();
  }
  template <class Part>
  static std::string json_of(const Part& part) {
    return object(part).done();
  }

  JsonObject out_;
};

}  // namespace

std::string json(const RunReport& run, int exit_code,
                 const std::vector<std::pair<std::string, std::string>>& more) {
  JsonObject out = Printer::object(Ended{run, static_cast<uint64_t>(exit_code)});
  for (const auto& [name, value] : more) out.raw(name, value);
  return out.done() + "\n";
}

std::string json(const Progress& progress) {
  JsonObject out;
  out.number("units_done", progress.units_done).number("units", progress.units);
  out.number("documents", progress.tally.documents).number("records", progress.tally.records);
  out.number("bytes_read", progress.tally.bytes_read)
      .number("bytes_written", progress.tally.bytes_written);
  out.number("in_flight", progress.in_flight).number("memory_used_bytes", progress.memory_used);
  out.number("memory_bytes", progress.memory).raw("elapsed_ms", milliseconds(progress.elapsed));
  return out.done();
}

}  // namespace sluice::report
