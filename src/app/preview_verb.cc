// `preview`: the first records after each stage. Writes nothing.
#include "app/common_words.h"
#include "app/opened_job.h"
#include "app/read_documents.h"
#include "app/stop_on_signal.h"
#include "app/verb.h"
#include "base/text.h"
#include "base/time.h"
#include "flow/refine.h"
#include "report/columns.h"

namespace sluice {
namespace {

constexpr uint64_t documents_max = 10;
constexpr size_t record_bytes_shown = 2'000;
constexpr size_t window_bytes_max = 16 << 20;

struct Asked {
  JobWords job;
  UnitsAsked units = {};
  uint64_t records = 3;
  std::optional<Nanoseconds> deadline = {};
};

void add_words(Words& words, Asked& asked) {
  add_job(words, asked.job);
  add_units(words, asked.units);
  words.count("--limit", asked.records, "So many records of each stage (default 3)");
  add_deadline(words, asked.deadline);
}

// The head of one document, decoded as far as it goes.
struct Decoded {
  Buffer window{window_bytes_max};
  std::vector<Span> spans;
  std::vector<SetAside> bad;
  std::string fault;
};

void decode(Decoder& decoder, const DocumentHead& head, uint64_t records_max, Decoded& out) {
  std::string_view input = head.bytes;
  while (out.spans.size() < records_max) {
    const size_t before = out.spans.size() + out.bad.size();
    const auto step = decoder.step(input, head.whole, out.window, out.spans, out.bad);
    if (!step.ok()) {
      out.fault = step.error().message;
      return;
    }
    if (step->next == DecodeStep::Next::finished) out.fault = decoder.rest_lost().value_or("");
    // The window is never emptied: it holds the head of a document.
    const bool found = out.spans.size() + out.bad.size() > before;
    if (step->next == DecodeStep::Next::more_room && found) continue;
    if (step->next != DecodeStep::Next::more_input || input.empty()) return;
  }
}

class Preview {
 public:
  Preview(OpenedJob& opened, const UnitNames& unit, uint64_t records_max)
      : opened_(opened), unit_(unit), records_max_(records_max) {}

  Status show() {
    const auto heads =
        TRY_IN(read_documents(*opened_.parts.source, unit_, documents_max), "unit " + unit_.id);
    say("unit " + unit_.id + "\n");
    if (heads.empty()) say("no documents\n");
    for (const DocumentHead& head : heads) {
      if (shown_ >= records_max_) break;
      TRY(show_document(head));
    }
    return {};
  }

 private:
  void say(const std::string& text) { print(text); }

  // An error: a transform that could do nothing at all.
  Status show_document(const DocumentHead& head) {
    say("\nsource  " + head.document.name + " (" + print_bytes(head.document.bytes) + ")\n");
    if (!head.bad.empty()) {
      say("set aside: " + head.bad + "\n");
      return {};
    }
    const auto decoder = opened_.parts.decoder->make();
    Decoded decoded;
    decode(*decoder, head, records_max_ - shown_, decoded);
    if (decoded.spans.size() > records_max_ - shown_) decoded.spans.resize(records_max_ - shown_);
    for (const SetAside& bad : decoded.bad) say("set aside: " + bad.reason + "\n");

    const RefineInput input{opened_.parts.recipe, unit_, head.document, decoder->spoils(),
                            decoder->json()};
    for (const Span& span : decoded.spans) {
      ++shown_;
      TRY(show_record(input, decoded.window.view(), span));
    }
    if (!decoded.fault.empty()) say("set aside from here: " + decoded.fault + "\n");
    if (decoded.spans.empty() && decoded.fault.empty()) say("no records\n");
    return {};
  }

  Status show_record(const RefineInput& input, std::string_view window, const Span& span) {
    const std::string text(window.substr(span.begin, span.end - span.begin));
    say("decode  " + excerpt(text, record_bytes_shown) + "\n");
    // One by one, so that each is seen with what became of it.
    Batch batch;
    const Sliced sliced{window, 0, std::span(&span, 1)};
    const auto fault = refine(input, sliced, batch, scratch_).fault;
    if (batch.failure) return *batch.failure;
    if (fault)
      say("set aside: not JSON at byte " + std::to_string(fault->offset) + ": " + fault->reason +
          "\n");
    for (const SetAside& what : batch.set_aside) say("set aside: " + what.reason + "\n");
    if (batch.filtered > 0) say("filtered out\n");
    if (batch.had_before > 0) say("left out: it lies before `from`\n");
    for (const Record& record : batch.records) {
      if (record.copy_of_set_aside) continue;
      if (!input.recipe.transforms.empty()) {
        say("transform  " + excerpt(record.text, record_bytes_shown) + "\n");
      }
      say("partition  " + opened_.job.names.key(batch.places[record.place], unit_, 0) + "\n");
    }
    return {};
  }

  OpenedJob& opened_;
  const UnitNames& unit_;
  const uint64_t records_max_;
  uint64_t shown_ = 0;
  Scratch scratch_;
};

Result<int> preview(const Asked& asked) {
  const StopOnSignal stop(StopOnSignal::at_once(asked.deadline));
  auto opened = TRY(open_job(TRY(read_job(asked.job, References::all)), Stores::Use::look));
  std::vector<UnitNames> units = TRY(opened->units(asked.units));
  if (units.empty()) return Error{ErrorKind::invalid, "no units"};
  UnitNames& unit = units.front();
  unit.run_started = opened->clock.wall();
  unit.run_id = "preview";
  // As the first pass.
  Since pass;
  if (const auto& incremental = opened->parts.source->traits().incremental) {
    pass = since(*incremental, {}, unit.run_started);
    unit.since = &pass;
  }
  TRY(Preview(*opened, unit, asked.records).show());
  return exit_done;
}

}  // namespace

Verb preview_verb() {
  return introduce<Asked>({
      .name = "preview",
      .help = "Shows the first records after each stage. Writes nothing.",
      .example = "sluice preview cloudtrail.yaml --units 2024-02-08 --limit 3",
      .words = add_words,
      .run = preview,
  });
}

}  // namespace sluice
