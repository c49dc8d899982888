// Pages of an API that is scripted, for tests: taken as a walk would take them.
#pragma once

#include <doctest/doctest.h>

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "http/scripted_engine.h"
#include "json/slice.h"
#include "meter/trace_for_tests.h"
#include "source/http_pages.h"

namespace sluice {

// Takes pages as a walk would: their bytes, and at their ends what the decoder shows of them.
struct Walked {
  explicit Walked(ScriptedEngine::Answerer answerer = {}, uint32_t in_flight_most = 16)
      : engine(std::move(answerer)), in_flight(in_flight_most) {}

  // What came of each page, or the error.
  std::string run(HttpPagesOptions options, std::optional<std::string> cursor = {}) {
    options.fetch.pauses = pauses;
    const auto maker = make_http_pages_maker(api, options);
    const auto& paths = *maker->traits().envelope;
    auto source = maker->open({.unit = unit,
                               .in_flight = in_flight,
                               .common = budget,
                               .inbox = inbox,
                               .tickets = TicketSeries(5),
                               .cursor = std::move(cursor),
                               .may_be_empty = may_be_empty,
                               .trace = &trace});
    REQUIRE(source.ok());
    Purse purse(budget, in_flight, *budget.try_reserve(5 << 20), *budget.try_reserve(4 << 20));
    std::map<uint64_t, std::string> bodies;
    uint64_t turn = 0;
    std::string status;
    while ((*source)->documents() != turn) {
      (*source)->start_what_fits(purse);
      while (auto arrived = (*source)->take()) {
        bodies[arrived->document] += arrived->chunk.bytes.view();
        pieces += 1;
        if (arrived->is_nothing) ends.insert(arrived->document);
        if (!arrived->chunk.last || arrived->is_nothing) continue;
        show(**source, arrived->document, bodies, paths);
      }
      if (const Status now = (*source)->status(); !now.ok()) {
        status = now.error().message;
        break;
      }
      for (; ends.contains(turn) && (*source)->documents().value_or(turn + 1) > turn; ++turn) {
        cursors.push_back((*source)->cursor_after(turn).value_or(""));
        (*source)->forget(turn);
        purse.set_turn(turn + 1);
      }
      if ((*source)->documents() == turn) break;
      (*source)->start_what_fits(purse);
      while (auto event = inbox.take_if_any()) (*source)->on(*event);
    }
    warnings = (*source)->take_warnings();
    (*source)->stop();
    while (!(*source)->drained()) (*source)->on(*inbox.wait());
    source->reset();
    for (Lease& lease : purse.release()) lease.release();
    if (!status.empty()) return "error: " + status;
    std::string all;
    for (const auto& [number, body] : bodies) all += body;
    return all;
  }

  // As the decoder's end of a walk: what isn't JSON may come once more.
  void show(Source& source, uint64_t number, std::map<uint64_t, std::string>& bodies,
            const std::vector<json::Path>& paths) {
    json::Slicer slicer({.records = *json::parse_path(".items"), .envelope = paths});
    std::vector<json::Span> records;
    slicer.slice(bodies.at(number), 0, records);
    std::string fault;
    if (slicer.finish() == json::Slicer::Ending::bad) fault = slicer.fault().message();
    if (!fault.empty() && source.bring_again(number, fault)) {
      bodies.erase(number);
      return;
    }
    Envelope envelope{.document = number, .records = records.size(), .content = number + 1};
    for (size_t i = 0; i < paths.size(); ++i) {
      const auto value = slicer.envelope(i);
      envelope.values.push_back(value ? std::optional(std::string(*value)) : std::nullopt);
    }
    if (!fault.empty()) envelope.fault = fault;
    source.on_envelope(envelope);
    ends.insert(number);
  }

  ScriptedEngine engine;
  Clock clock;
  RequestRate rate{0, 1};
  std::vector<std::string> said, warnings;
  ApiAccess api{engine, clock, nullptr,
                rate,   {},    [this](const std::string& text) { said.push_back(text); }};
  RetryRules pauses{.pause_base = 1, .pause_most = 1};
  UnitNames unit{.id = "2024-02-08"};
  InFlight in_flight;
  Budget budget{64 << 20};
  Inbox inbox;
  RememberedTrace trace;
  std::vector<std::string> cursors;
  std::set<uint64_t> ends;  // Documents that came to their end
  int pieces = 0;
  bool may_be_empty = false;
};

inline HttpPagesOptions options() {
  HttpPagesOptions made{.url = *Template::parse("http://api/items?day={unit}", TemplateUse::value)};
  made.paging = {.kind = PagingKind::cursor, .where = *json::parse_path(".next"), .word = "token"};
  return made;
}

inline HttpResponse page(std::string_view body, int status = 200, Headers headers = {}) {
  return ScriptedEngine::response(status, body, std::move(headers));
}

inline constexpr std::string_view first = R"({"items":[1,2],"next":"a"})";
inline constexpr std::string_view second = R"({"items":[3]})";

// A page of so many bytes.
inline std::string large_page(size_t bytes, char filler = 'x') {
  return R"({"next":null,"items":[")" + std::string(bytes, filler) + "\"]}";
}

}  // namespace sluice
